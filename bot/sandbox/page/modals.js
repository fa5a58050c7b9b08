// Modals: the viewer's stack of open views, the topmost in reach, those below peeping out behind it. What was typed stays
// when the bot redraws a view.

import { blocks } from "./blocks.js";
import { h, icon, replace, uniqueId } from "./dom.js";
import { plain } from "./elements.js";
import { formValues } from "./form.js";
import { closePopup } from "./popup.js";
import { mrkdwn } from "./mrkdwn.js";

/** Keeps the open dialog in step with the snapshot; returned as {render}. */
export function modalStack(view) {
  const forms = new Map();
  let dialog = null;
  let shown = "";
  let opener = null;

  const close = () => {
    if (!dialog) return;
    closePopup();
    dialog.close();
    dialog.remove();
    dialog = null;
    shown = "";
    if (opener?.isConnected) opener.focus();
    opener = null;
  };

  const render = () => {
    const stack = view.store.modals();
    const top = stack.at(-1);
    for (const id of [...forms.keys()]) if (!stack.some((v) => v.id === id)) forms.delete(id);
    if (!top) {
      close();
      return;
    }
    const signature = JSON.stringify([top, stack.length, view.language, view.store.place.user]);
    if (signature === shown) return;
    if (!dialog) {
      opener = document.activeElement;
      dialog = h("dialog", { class: "modal", "data-testid": "modal" });
      document.body.append(dialog);
    }
    const same = dialog.getAttribute("data-view-id") === top.id;
    const focused = same ? document.activeElement?.closest?.("[data-action-id]")?.getAttribute("data-action-id") : null;
    const scroll = same ? dialog.querySelector(".modal-body")?.scrollTop ?? 0 : 0;
    shown = signature;
    if (!forms.has(top.id)) forms.set(top.id, formValues());
    drawModal(dialog, top, stack.length, forms.get(top.id), view);
    if (!dialog.open) dialog.showModal();
    dialog.querySelector(".modal-body").scrollTop = scroll;
    if (focused) dialog.querySelector(`[data-action-id="${CSS.escape(focused)}"]`)?.focus();
    else if (!same) firstField(dialog)?.focus({ preventScroll: true });
  };
  return { render };
}

function firstField(dialog) {
  return dialog.querySelector("[autofocus]") ?? dialog.querySelector(".modal-body :is(input, textarea, button.select)") ?? dialog.querySelector("[data-testid=modal-submit]") ?? dialog.querySelector("button");
}

function drawModal(dialog, top, depth, form, view) {
  const shape = top.view;
  const { t } = view;
  const title = uniqueId("modal-title");
  const fields = shape.blocks ?? [];
  form.keepOnly(new Set(fields.map((block, i) => block.block_id ?? `block-${i}`)));
  const body = h("div", { class: "modal-body", tabindex: -1 }, blocks(fields, { view, place: { view_id: top.id }, form }));
  const needsSubmit = shape.submit || fields.some((block) => block.type === "input");
  const dismiss = () => closeView(top, dialog, view);
  const submitButton = needsSubmit && h("button", { type: "submit", class: "button primary", "data-testid": "modal-submit" }, plain(shape.submit) || t("submit"));
  const node = h("form", { class: "modal-form", novalidate: true },
    h("header", { class: "modal-head" }, h("h2", { id: title }, plain(shape.title)), depth > 1 && h("span", { class: "quiet depth", title: t("stackOf", { n: depth }) }, `${depth}/3`),
      h("button", { type: "button", class: "icon-button", "aria-label": t("close"), "data-testid": "modal-close", on: { click: dismiss } }, icon("close"))),
    h("div", { class: "modal-problem", role: "alert", hidden: true }), body,
    h("footer", { class: "dialog-actions" }, h("button", { type: "button", class: "button", "data-testid": "modal-cancel", on: { click: dismiss } }, plain(shape.close) || t(needsSubmit ? "cancel" : "close")), submitButton));
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!node.hasAttribute("aria-busy")) submit(node, top, form, view);
  });
  form.onSet = (block) => {
    const place = node.querySelector(`[data-error-for="${CSS.escape(block)}"]`);
    if (place?.firstChild) setError(place, "", view);
  };
  dialog.oncancel = (event) => {
    event.preventDefault();
    dismiss();
  };
  dialog.setAttribute("aria-labelledby", title);
  dialog.setAttribute("data-view-id", top.id);
  dialog.setAttribute("data-callback-id", shape.callback_id ?? "");
  dialog.className = `modal depth-${Math.min(depth, 3)}`;
  replace(dialog, node);
}

async function closeView(top, dialog, view) {
  if (dialog.hasAttribute("aria-busy")) return;
  dialog.setAttribute("aria-busy", "true");
  try {
    const answer = await view.post("close", { user: view.store.place.user, view_id: top.id });
    if (answer.ok === false) view.refused(answer);
    await view.refresh();
  } catch (error) {
    view.failed(error);
  } finally {
    dialog.removeAttribute("aria-busy");
  }
}

async function submit(node, top, form, view) {
  const missing = form.missing();
  if (missing.length > 0) {
    showErrors(node, Object.fromEntries(missing.map(({ block, typed }) => [block, view.t(typed ? "required" : "requiredSelect")])), view);
    return;
  }
  showErrors(node, {}, view);
  node.setAttribute("aria-busy", "true");
  try {
    const answer = await view.post("submit", { user: view.store.place.user, view_id: top.id, values: form.values() });
    if (answer.errors && Object.keys(answer.errors).length > 0) showErrors(node, answer.errors, view);
    else if (answer.ok === false) problem(node, view.refusal(answer));
    else await view.refresh();
  } catch (error) {
    problem(node, error.status === 0 ? view.t("notSent") : error.message || view.t("failed"));
  } finally {
    node.removeAttribute("aria-busy");
  }
}

function problem(node, text) {
  const place = node.querySelector(".modal-problem");
  place.hidden = !text;
  replace(place, icon("warning", 16), text);
}

function setError(place, text, view) {
  const holder = place.closest(".input-block");
  replace(place, text && [icon("warning", 14), h("span", null, mrkdwn(text, view))]);
  holder.classList.toggle("wrong", Boolean(text));
  for (const control of holder.querySelectorAll("input, textarea, button.select")) {
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
  return holder;
}

// Errors stand under their blocks; one that names no block of this view stands at the top.
function showErrors(node, errors, view) {
  problem(node, "");
  const left = { ...errors };
  let first = null;
  for (const place of node.querySelectorAll(".input-error")) {
    const block = place.getAttribute("data-error-for");
    const text = left[block] ?? "";
    delete left[block];
    const holder = setError(place, text, view);
    if (text) first ??= holder;
  }
  if (Object.keys(left).length > 0) problem(node, Object.values(left).join(" "));
  first?.scrollIntoView({ block: "center" });
  first?.querySelector("input, textarea, button.select")?.focus({ preventScroll: true });
}
