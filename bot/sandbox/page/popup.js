// What opens above the page: menus and lists beside a button, confirmation dialogs and toasts. All are in the browser's
// top layer, so that they also stand above modals.

import { append, h, icon, replace, uniqueId } from "./dom.js";

let open = null;

/** Closes the popup that is open, if any. */
export function closePopup({ refocus = false } = {}) {
  if (!open) return;
  const { panel, anchor, successor, onClose, abort } = open;
  open = null;
  abort.abort();
  panel.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (refocus) (anchor.isConnected ? anchor : successor())?.focus();
  onClose?.();
}

/** Returns how to find the button that stands for `anchor` once its message has been drawn anew. */
function successorOf(anchor) {
  const action = anchor.dataset.actionId, ts = anchor.closest("article[data-ts]")?.dataset.ts;
  const list = anchor.closest("[data-testid=messages], [data-testid=thread]");
  return () => (action && ts ? list?.querySelector(`article[data-ts="${CSS.escape(ts)}"] [data-action-id="${CSS.escape(action)}"]`) : null);
}

/** Opens `panel` beside `anchor`; Esc and a click elsewhere close it. A second call with the same anchor closes it. */
export function openPopup(anchor, panel, { onClose, align = "start" } = {}) {
  const again = open?.anchor === anchor;
  closePopup();
  if (again) return false;
  panel.classList.add("popup");
  panel.setAttribute("popover", "manual");
  (anchor.closest("dialog") ?? document.body).append(panel);
  panel.showPopover?.();
  anchor.setAttribute("aria-expanded", "true");
  const abort = new AbortController();
  open = { anchor, panel, successor: successorOf(anchor), onClose, abort };
  const { signal } = abort;
  const put = () => place(anchor, panel, align);
  put();
  document.addEventListener("pointerdown", (event) => {
    if (!panel.contains(event.target) && !anchor.contains(event.target)) closePopup();
  }, { signal, capture: true });
  window.addEventListener("resize", put, { signal });
  document.addEventListener("scroll", (event) => { if (!panel.contains(event.target)) put(); }, { signal, capture: true });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      closePopup({ refocus: true });
    } else if (event.key === "Tab" && !panel.querySelector("input, [data-tab-inside]")) {
      closePopup({ refocus: true });
    }
  });
  panel.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !panel.contains(event.relatedTarget) && open?.panel === panel && event.relatedTarget !== anchor) closePopup();
  });
  return true;
}

function place(anchor, panel, align) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const left = align === "end" ? box.right - width : box.left;
  const below = box.bottom + 6 + height <= innerHeight || box.top < height;
  panel.style.setProperty("left", `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`);
  panel.style.setProperty("top", `${Math.max(8, Math.min(below ? box.bottom + 6 : box.top - height - 6, innerHeight - height - 8))}px`);
}

/**
 * Opens a list to choose from. `entries` are {label, value, description, group, selected, node, href}; `onPick` gets the entry.
 * With `multiple` the list stays open and entries toggle, and onPick hears each. `search` (words → entries, later; null
 * where more words are needed) replaces filtering by the words typed. A `tall` one takes the window's height where it needs it.
 */
export function openList(anchor, entries, { label, onPick, onClose, multiple = false, filter = entries.length > 8, search, align, t, menu = false, tall = false }) {
  const id = uniqueId("list");
  const list = h("div", { class: "list" + (tall ? " tall" : ""), role: menu ? "menu" : "listbox", id, "aria-label": label, "aria-multiselectable": multiple || null, tabindex: -1 });
  const input = filter || search ? h("input", { class: "list-filter", type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": id, "aria-label": t("typeToFilter"), placeholder: t("typeToFilter"), autocomplete: "off" }) : null;
  const panel = h("div", { class: "list-panel" }, input, list);
  let shown = entries;
  let waiting = Boolean(search);
  let active = Math.max(0, entries.findIndex((entry) => entry.selected));

  const draw = () => {
    let group = null;
    replace(list, shown.length === 0 && h("div", { class: "list-empty" }, t(waiting ? "typeToFilter" : "noMatch")), shown.map((entry, i) => {
      const heading = entry.group && entry.group !== group ? h("div", { class: "list-group", role: "presentation" }, entry.group) : null;
      group = entry.group;
      return [heading, option(entry, i)];
    }));
    list.setAttribute("aria-activedescendant", shown[active] ? `${id}-${active}` : "");
    input?.setAttribute("aria-activedescendant", shown[active] ? `${id}-${active}` : "");
    list.querySelector(".is-active")?.scrollIntoView({ block: "nearest" });
  };
  const option = (entry, i) => h("div", {
    class: "list-option" + (i === active ? " is-active" : ""), id: `${id}-${i}`, role: menu ? "menuitem" : "option",
    "aria-selected": menu ? null : String(Boolean(entry.selected)), "data-value": entry.value, ...(entry.attributes ?? {}),
    on: { click: () => pick(entry), pointermove: () => { if (active !== i) { active = i; mark(); } } },
  }, entry.node ?? h("span", { class: "list-text" }, h("span", { class: "list-label" }, entry.label), entry.description && h("span", { class: "list-description" }, entry.description)),
  entry.selected && icon("check", 16));
  const mark = () => {
    [...list.querySelectorAll(".list-option")].forEach((node, i) => node.classList.toggle("is-active", i === active));
    list.setAttribute("aria-activedescendant", `${id}-${active}`);
    input?.setAttribute("aria-activedescendant", `${id}-${active}`);
    list.querySelector(".is-active")?.scrollIntoView({ block: "nearest" });
  };
  const pick = (entry) => {
    if (!entry) return;
    if (multiple) {
      entry.selected = !entry.selected;
      onPick(entry);
      draw();
      return;
    }
    closePopup({ refocus: true });
    onPick(entry);
  };
  const narrow = async () => {
    const wanted = input.value.trim().toLowerCase();
    if (search) {
      const query = input.value.trim();
      const found = await search(query);
      // An answer to words that have been typed over meanwhile is late.
      if (query !== input.value.trim()) return;
      waiting = found === null || found === undefined;
      shown = found ?? [];
    }
    else shown = entries.filter((entry) => `${entry.label} ${entry.description ?? ""}`.toLowerCase().includes(wanted));
    active = 0;
    draw();
  };
  let typed = "";
  let typedAt = 0;
  panel.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) active = (active + step + shown.length) % Math.max(shown.length, 1);
    else if (event.key === "Home") active = 0;
    else if (event.key === "End") active = shown.length - 1;
    else if (event.key === "Enter" || (event.key === " " && !input)) pick(shown[active]);
    else if (!input && event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      typed = event.timeStamp - typedAt < 700 ? typed + event.key : event.key;
      typedAt = event.timeStamp;
      const found = shown.findIndex((entry) => String(entry.label).toLowerCase().startsWith(typed.toLowerCase()));
      if (found >= 0) active = found;
    } else return;
    if (input && (event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    event.stopPropagation();
    mark();
  });
  input?.addEventListener("input", narrow);
  draw();
  if (!openPopup(anchor, panel, { onClose, align })) return;
  panel.style.setProperty("min-width", `${Math.min(Math.max(anchor.offsetWidth, 180), innerWidth - 16)}px`);
  (input ?? list).focus({ preventScroll: true });
  list.querySelector(".is-active")?.scrollIntoView({ block: "nearest" });
  if (search) narrow();
}

/** Asks before a dangerous step, in the words of a confirm object; resolves to true or false. */
export function askFirst(confirm, { t, draw }) {
  return new Promise((resolve) => {
    const title = uniqueId("confirm");
    const dialog = h("dialog", { class: "confirm", "aria-labelledby": title, "data-testid": "confirm" },
      h("h2", { id: title }, draw(confirm.title)),
      h("div", { class: "confirm-text" }, draw(confirm.text)),
      h("div", { class: "dialog-actions" },
        h("button", { type: "button", class: "button", "data-testid": "confirm-no", on: { click: () => finish(false) } }, confirm.deny ? draw(confirm.deny) : t("deny")),
        h("button", { type: "button", class: "button " + (confirm.style === "danger" ? "danger" : "primary"), "data-testid": "confirm-yes", on: { click: () => finish(true) } }, confirm.confirm ? draw(confirm.confirm) : t("confirm"))));
    const finish = (answer) => { dialog.close(); dialog.remove(); resolve(answer); };
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); finish(false); });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector(".primary, .danger").focus();
  });
}

/** Shows a short message that goes by itself; errors stay longer. */
export function toast(text, { kind = "info", dismiss = "" } = {}) {
  let shelf = document.querySelector(".toasts");
  if (!shelf) {
    shelf = h("div", { class: "toasts", popover: "manual" });
    document.body.append(shelf);
  }
  // Shown again each time, so that it stands above a modal opened meanwhile.
  shelf.hidePopover?.();
  shelf.showPopover?.();
  const node = h("div", { class: `toast ${kind}`, role: kind === "error" ? "alert" : "status", "data-testid": "toast" },
    icon(kind === "error" ? "warning" : "check"), h("span", null, text),
    h("button", { type: "button", class: "icon-button", "aria-label": dismiss, on: { click: () => node.remove() } }, icon("close", 14)));
  append(shelf, [node]);
  setTimeout(() => node.remove(), kind === "error" ? 9000 : 3500);
}

/** Takes away what toasts say; they are meant for whoever did something, not for the next person. */
export function clearToasts() {
  document.querySelector(".toasts")?.replaceChildren();
}
