// The interactive elements of Block Kit. Outside input blocks each change is sent to the bot as a click; inside them, and
// for every element of a modal, the value is also kept in `ctx.form` for the submission.
//
// ctx: {view, place: {channel, ts} | {view_id}, blockId, form, input, optional, dispatch, labelId, describedBy}

import { h, icon, replace, uniqueId } from "./dom.js";
import { dateField, dateTimeField, timeField } from "./pickers.js";
import { askFirst, openList } from "./popup.js";
import { safeUrl, textObject } from "./mrkdwn.js";
import { selectField } from "./selects.js";

/** Draws any element; an unknown one as a labelled box. */
export function element(el, ctx) {
  const draw = drawers[el?.type];
  if (!draw) return h("span", { class: "unknown-element" }, ctx.view.t("unknownElement", { kind: el?.type ?? "?" }));
  const node = draw(el, ctx);
  if (el.action_id) node.setAttribute("data-action-id", el.action_id);
  if (ctx.blockId) node.setAttribute("data-block-id", ctx.blockId);
  return node;
}

const drawers = {
  button, workflow_button: button, icon_button: iconButton, feedback_buttons: feedbackButtons, overflow,
  image: (el, ctx) => picture(el.image_url, el.alt_text, ctx.view, "element-image"),
  datepicker: (el, ctx) => dateField(el, field(el, ctx, "selected_date", el.initial_date ?? null)),
  timepicker: (el, ctx) => timeField(el, field(el, ctx, "selected_time", el.initial_time ?? null)),
  datetimepicker: (el, ctx) => dateTimeField(el, field(el, ctx, "selected_date_time", el.initial_date_time ?? null)),
  plain_text_input: textInput, email_text_input: textInput, url_text_input: textInput, number_input: textInput, rich_text_input: textInput,
  radio_buttons: radioButtons, checkboxes,
  file_input: (el, ctx) => h("div", { class: "note-box" }, icon("file"), ctx.view.t("fileInput")),
  static_select: select, external_select: select, users_select: select, conversations_select: select, channels_select: select,
  multi_static_select: select, multi_external_select: select, multi_users_select: select, multi_conversations_select: select, multi_channels_select: select,
};

function select(el, ctx) {
  const [name, initial] = selectValue(el);
  return selectField(el, field(el, ctx, name, initial));
}

function selectValue(el) {
  const multiple = el.type.startsWith("multi_");
  if (el.type.endsWith("users_select")) return multiple ? ["selected_users", el.initial_users ?? []] : ["selected_user", el.initial_user ?? null];
  if (el.type.endsWith("conversations_select")) return multiple ? ["selected_conversations", el.initial_conversations ?? []] : ["selected_conversation", el.initial_conversation ?? null];
  if (el.type.endsWith("channels_select")) return multiple ? ["selected_channels", el.initial_channels ?? []] : ["selected_channel", el.initial_channel ?? null];
  return multiple ? ["selected_options", el.initial_options ?? []] : ["selected_option", el.initial_option ?? null];
}

/**
 * What an element that holds a value works with: the value to begin with (what was chosen before a redraw, else the
 * bot's), and set(value), which keeps it and, where the element acts at once, sends it.
 */
export function field(el, ctx, name, initial) {
  const kept = ctx.form?.get(ctx.blockId, el.action_id);
  const start = kept ? kept[name] : initial;
  const keep = (value) => ctx.form?.set(ctx.blockId, el.action_id, { type: el.type, [name]: value });
  keep(start ?? (Array.isArray(initial) ? [] : null));
  return {
    value: start ?? (Array.isArray(initial) ? [] : null), view: ctx.view, ctx, keep,
    acts: !ctx.input || ctx.dispatch,
    async set(value, node) {
      keep(value);
      if (!ctx.input || ctx.dispatch) return send(el, ctx, { [name]: value }, node);
      return true;
    },
  };
}

/** Sends a click, asking first where the element says so; the node shows that it is busy, then how fast the bot answered. */
export async function send(el, ctx, payload, node) {
  const { view } = ctx;
  if (el.confirm && !(await askFirst(el.confirm, { t: view.t, draw: (text) => textObject(text, view) }))) return false;
  node?.setAttribute("aria-busy", "true");
  try {
    const answer = await view.post("click", {
      user: view.store.place.user, ...ctx.place, action_id: el.action_id, block_id: ctx.blockId, ...payload,
      ...(ctx.form ? { state: ctx.form.values() } : {}),
    });
    if (answer.ok === false) {
      view.refused(answer);
      return false;
    }
    if (node && answer.ack_ms !== undefined) node.setAttribute("title", view.t("ackIn", { n: Math.round(answer.ack_ms * 10) / 10 }));
    await view.refresh();
    return true;
  } catch (error) {
    view.failed(error);
    return false;
  } finally {
    node?.removeAttribute("aria-busy");
  }
}

function button(el, ctx) {
  const words = textObject(el.text, ctx.view);
  const style = "button" + (el.style ? " " + el.style : "");
  const url = safeUrl(el.url ?? el.workflow?.trigger?.url);
  const node = url && (el.url || el.workflow)
    ? h("a", { class: style, href: url, target: "_blank", rel: "noopener noreferrer", "aria-label": el.accessibility_label }, words)
    : h("button", { type: "button", class: style, "aria-label": el.accessibility_label }, words);
  node.addEventListener("click", () => { if (el.action_id && !node.hasAttribute("aria-busy")) send(el, ctx, { value: el.value }, node); });
  return node;
}

function iconButton(el, ctx) {
  const label = el.accessibility_label ?? el.text?.text ?? el.icon;
  const node = h("button", { type: "button", class: "button quiet-button" }, icon({ trash: "close" }[el.icon] ?? "more", 16), el.text ? textObject(el.text, ctx.view) : label);
  node.addEventListener("click", () => send(el, ctx, { value: el.value }, node));
  return node;
}

function feedbackButtons(el, ctx) {
  const one = (part, sign) => {
    const node = h("button", { type: "button", class: "button quiet-button", "aria-label": part?.accessibility_label, "data-value": part?.value }, sign, " ", textObject(part?.text, ctx.view));
    node.addEventListener("click", () => send(el, ctx, { value: part?.value }, node));
    return node;
  };
  return h("span", { class: "button-pair" }, one(el.positive_button, "👍"), one(el.negative_button, "👎"));
}

function overflow(el, ctx) {
  const node = h("button", { type: "button", class: "button overflow", "aria-label": ctx.view.t("moreActions"), "aria-haspopup": "menu", "aria-expanded": "false" }, icon("more"));
  node.addEventListener("click", () => openList(node, (el.options ?? []).map((option) => ({
    label: plain(option.text), value: option.value, description: plain(option.description), option,
  })), {
    label: ctx.view.t("moreActions"), menu: true, filter: false, t: ctx.view.t, align: "end",
    onPick: ({ option }) => {
      const url = option.url && safeUrl(option.url);
      if (url) window.open(url, "_blank", "noopener");
      send(el, ctx, { selected_option: option }, node);
    },
  }));
  return node;
}

/** The words of a text object as a string. */
export function plain(text) {
  return typeof text === "string" ? text : (text?.text ?? "");
}

const inputKinds = { email_text_input: "email", url_text_input: "url", number_input: "number" };

function textInput(el, ctx) {
  const rich = el.type === "rich_text_input";
  const initial = rich ? richWords(el.initial_value) : (el.initial_value ?? null);
  const value = rich ? field(el, ctx, "rich_text_value", initial ? richValue(initial) : null) : field(el, ctx, "value", initial);
  const props = {
    class: "text-input", placeholder: plain(el.placeholder) || null, "aria-labelledby": ctx.labelId, "aria-describedby": ctx.describedBy,
    maxlength: el.max_length || null, autocomplete: "off", autofocus: el.focus_on_load || null,
  };
  const node = el.multiline || rich ? h("textarea", { ...props, rows: rich ? el.min_lines ?? 4 : 4 })
    : h("input", { ...props, type: inputKinds[el.type] ?? "text", step: el.type === "number_input" ? (el.is_decimal_allowed ? "any" : 1) : null, min: el.min_value, max: el.max_value, inputmode: el.type === "number_input" ? "decimal" : null });
  node.value = rich ? (richWords(value.value) ?? "") : (value.value ?? "");
  const current = () => (node.value === "" ? null : rich ? richValue(node.value) : node.value);
  const on = el.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const acts = ctx.dispatch || !ctx.input;
  node.addEventListener("input", () => {
    value.keep(current());
    if (acts && on.includes("on_character_entered")) value.set(current(), node);
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || node.tagName === "TEXTAREA") return;
    if (acts && on.includes("on_enter_pressed")) {
      event.preventDefault();
      value.set(current(), node);
    }
  });
  return node;
}

function richValue(text) {
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] };
}

function richWords(block) {
  if (!block) return null;
  return (block.elements ?? []).map((section) => (section.elements ?? []).map((part) => part.text ?? part.url ?? "").join("")).join("\n");
}

function radioButtons(el, ctx) {
  const value = field(el, ctx, "selected_option", el.initial_option ?? null);
  const name = uniqueId("radio");
  const node = h("div", { class: "choices", role: "radiogroup", "aria-labelledby": ctx.labelId, "aria-describedby": ctx.describedBy });
  replace(node, (el.options ?? []).map((option) => choice("radio", name, option, value.value?.value === option.value, ctx.view, () => value.set(option, node))));
  return node;
}

function checkboxes(el, ctx) {
  const value = field(el, ctx, "selected_options", el.initial_options ?? []);
  const chosen = new Set((value.value ?? []).map((option) => option.value));
  const name = uniqueId("check");
  const node = h("div", { class: "choices", role: "group", "aria-labelledby": ctx.labelId, "aria-describedby": ctx.describedBy });
  replace(node, (el.options ?? []).map((option) => choice("checkbox", name, option, chosen.has(option.value), ctx.view, (input) => {
    if (input.checked) chosen.add(option.value);
    else chosen.delete(option.value);
    value.set((el.options ?? []).filter((o) => chosen.has(o.value)), node);
  })));
  return node;
}

function choice(type, name, option, checked, view, onChange) {
  const input = h("input", { type, name, value: option.value });
  input.checked = checked;
  input.addEventListener("change", () => onChange(input));
  return h("label", { class: "choice" }, input, h("span", null, textObject(option.text, view),
    option.description && h("span", { class: "choice-description" }, textObject(option.description, view))));
}

/** A picture; those of other sites are not fetched, their description stands in for them. */
export function picture(url, alt, view, style) {
  const local = /^(data:image\/(png|jpe?g|gif|webp)[;,])/i.test(url ?? "") || (safeUrl(url) && new URL(url, location.href).origin === location.origin);
  if (local) return h("img", { class: style, src: url, alt: alt ?? "", loading: "lazy" });
  return h("span", { class: style + " picture-off", role: "img", "aria-label": alt ?? view.t("image"), title: view.t("imageNotLoaded") }, icon("eye"), style === "block-image" && h("span", null, alt || view.t("image")));
}

