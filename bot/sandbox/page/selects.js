// Select menus: static options, people, channels and conversations, one or several, and choices that the app gives.

import { h, icon, replace, uniqueId } from "./dom.js";
import { openList } from "./popup.js";

/** Draws a select element. `field` is its value (see elements.js). */
export function selectField(el, field) {
  const multiple = el.type.startsWith("multi_");
  const { view, ctx } = field;
  const source = sourceOf(el, field);
  let value = field.value;
  const chips = multiple ? h("span", { class: "chips" }) : null;
  const words = h("span", { class: "select-value", id: uniqueId("value") });
  const node = h("button", {
    type: "button", class: "select", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-labelledby": ctx.labelId ? `${ctx.labelId} ${words.id}` : null,
    "aria-describedby": ctx.describedBy, "data-element": el.type,
  }, words, icon("chevron", 16));

  const chosen = () => (multiple ? value ?? [] : value ? [value] : []);
  const redraw = () => {
    const labels = chosen().map((item) => source.label(item));
    const empty = labels.length === 0;
    words.classList.toggle("is-empty", empty);
    replace(words, empty ? el.placeholder?.text || view.t("select") : multiple ? labels.join(view.language === "ja" ? "、" : ", ") : labels[0]);
    if (!ctx.labelId && !empty) node.setAttribute("aria-label", `${el.placeholder?.text || view.t("select")}: ${words.textContent}`);
    if (chips) {
      replace(chips, chosen().map((item) => h("span", { class: "chip" }, source.label(item),
        h("button", { type: "button", "aria-label": view.t("remove", { name: source.label(item) }), on: { click: () => update(chosen().filter((other) => source.key(other) !== source.key(item)), true) } }, icon("close", 12)))));
      chips.hidden = empty;
      node.parentElement?.classList.toggle("has-chips", !empty);
    }
  };
  const update = (next, now) => {
    value = next;
    redraw();
    if (now) field.set(value, node);
    else field.keep(value);
  };
  node.addEventListener("click", () => {
    const before = JSON.stringify(value);
    const keys = new Set(chosen().map((item) => source.key(item)));
    const entries = source.entries().map((entry) => ({ ...entry, selected: keys.has(entry.value) }));
    if (ctx.optional && !multiple && value && !source.search) entries.unshift({ value: "", item: null, label: view.t("noChoice") });
    const search = source.search && (async (query) => (await source.search(query))?.map((entry) => ({ ...entry, selected: chosen().some((item) => source.key(item) === entry.value) })));
    openList(node, entries, {
      label: el.placeholder?.text || view.t("select"), multiple, search, t: view.t,
      onPick: (entry) => {
        if (!multiple) return update(entry.item, true);
        const rest = chosen().filter((item) => source.key(item) !== entry.value);
        if (entry.selected && el.max_selected_items && rest.length >= el.max_selected_items) {
          entry.selected = false;
          return undefined;
        }
        return update(entry.selected ? [...rest, entry.item] : rest, false);
      },
      onClose: () => { if (multiple && JSON.stringify(value) !== before) field.set(value, node); },
    });
  });
  const whole = multiple ? h("span", { class: "multi-select" }, chips, node) : node;
  redraw();
  return whole;
}

// Where the choices come from: how to list them, name them and tell them apart.
function sourceOf(el, field) {
  const { store, t } = field.view;
  if (el.type.endsWith("users_select")) {
    return ids((id) => store.nameOf(id), () => [...store.users.values()].map((user) => ({ value: user.id, item: user.id, label: store.nameOf(user.id), description: user.title || (user.is_bot ? t("app") : "") })));
  }
  if (el.type.endsWith("channels_select") || el.type.endsWith("conversations_select")) {
    const name = (channel) => (channel.is_im ? store.titleOf(channel) : "#" + channel.name);
    const people = el.type.endsWith("conversations_select") ? store.directMessages() : [];
    return ids((id) => (store.channels.has(id) ? name(store.channels.get(id)) : id),
      () => [...store.publicChannels(), ...people].map((channel) => ({ value: channel.id, item: channel.id, label: name(channel), description: channel.topic })));
  }
  const option = (item, group) => ({ value: item.value, item, label: item.text?.text ?? item.value, description: item.description?.text, group });
  const flat = (groups, options) => [...(groups ?? []).flatMap((g) => (g.options ?? []).map((o) => option(o, g.label?.text ?? " "))), ...(options ?? []).map((o) => option(o))];
  const source = { key: (item) => item?.value, label: (item) => item?.text?.text ?? item?.value ?? "", entries: () => flat(el.option_groups, el.options) };
  if (el.type.endsWith("external_select")) {
    source.search = async (query) => {
      if (query.length < (el.min_query_length ?? 3)) return null;
      try {
        const answer = await field.view.post("options", { user: store.place.user, ...field.ctx.place, action_id: el.action_id, block_id: field.ctx.blockId, value: query });
        return flat(answer.option_groups, answer.options);
      } catch {
        return [{ value: "", item: null, label: t("external") }];
      }
    };
  }
  return source;
}

function ids(label, entries) {
  return { key: (id) => id, label, entries };
}
