// Block Kit's blocks. Every kind is drawn; one that this page does not know shows as a labelled box, never as nothing.

import { chart } from "./charts.js";
import { h, icon, uniqueId } from "./dom.js";
import { element, picture, plain } from "./elements.js";
import { plainText, safeLink, textObject } from "./mrkdwn.js";
import { markdown, richText } from "./richtext.js";
import { dataTable, table } from "./tables.js";

/**
 * Draws blocks. `ctx` is {view, place, form}: what the elements in them need to act (see elements.js).
 */
export function blocks(list, ctx) {
  return (list ?? []).map((block, i) => {
    const own = { ...ctx, blockId: block.block_id ?? `block-${i}` };
    let node;
    try {
      node = (drawers[block.type] ?? unknown)(block, own);
    } catch (error) {
      console.error("cannot draw block", block, error);
      node = unknown(block, own);
    }
    node.classList.add("block");
    node.setAttribute("data-block-id", own.blockId);
    node.setAttribute("data-block", block.type ?? "");
    return node;
  });
}

const drawers = {
  section, header, divider: () => h("hr", { class: "divider" }), context, actions, context_actions: actions, image, input,
  rich_text: (block, ctx) => richText(block.elements, ctx.view),
  markdown: (block, ctx) => markdown(block.text, ctx.view),
  table, data_table: dataTable,
  data_visualization: (block, ctx) => chart(block, ctx.view),
  alert, card, carousel, container, layout, plan, task_card: taskCard, video, file, call, auth_provider: authProvider,
};

function section(block, ctx) {
  const fields = block.fields?.length ? h("div", { class: "fields" }, block.fields.map((text) => h("div", { class: "field" }, textObject(text, ctx.view)))) : null;
  const words = block.text ? h("div", { class: "section-text" }, textObject(block.text, ctx.view)) : null;
  if (!block.accessory) return h("div", { class: "section" }, words, fields);
  const image = block.accessory.type === "image";
  return h("div", { class: "section with-accessory" }, h("div", { class: "section-main" }, words, fields),
    h("div", { class: "accessory" }, image ? picture(block.accessory.image_url, block.accessory.alt_text, ctx.view, "accessory-image") : element(block.accessory, ctx)));
}

function header(block, ctx) {
  return h("div", { class: "header-block", role: "heading", "aria-level": 3 }, textObject(block.text, ctx.view));
}

function context(block, ctx) {
  return h("div", { class: "context" }, (block.elements ?? []).map((part) => (part.type === "image"
    ? picture(part.image_url, part.alt_text, ctx.view, "context-image")
    : h("span", null, textObject(part, ctx.view)))));
}

function actions(block, ctx) {
  return h("div", { class: "actions" }, (block.elements ?? []).map((el) => element(el, ctx)));
}

function image(block, ctx) {
  return h("figure", { class: "image-block" }, block.title && h("figcaption", { class: "quiet" }, textObject(block.title, ctx.view)),
    picture(block.image_url ?? block.slack_file?.url, block.alt_text, ctx.view, "block-image"));
}

function input(block, ctx) {
  const label = uniqueId("label");
  const hint = block.hint ? uniqueId("hint") : null;
  const error = uniqueId("error");
  const node = element(block.element, { ...ctx, input: true, optional: Boolean(block.optional), dispatch: Boolean(block.dispatch_action), labelId: label, describedBy: [hint, error].filter(Boolean).join(" ") });
  ctx.form?.expect(ctx.blockId, block.element?.action_id, !block.optional);
  return h("div", { class: "input-block" },
    h("div", { class: "input-label", id: label }, textObject(block.label, ctx.view), block.optional && h("span", { class: "quiet" }, " " + ctx.view.t("optional"))),
    node,
    h("div", { class: "input-error", id: error, "data-error-for": ctx.blockId }),
    hint && h("div", { class: "input-hint", id: hint }, textObject(block.hint, ctx.view)));
}

const alertIcons = { info: "info", warning: "warning", error: "warning", success: "check", default: "info" };

function alert(block, ctx) {
  const level = alertIcons[block.level] ? block.level : "default";
  const words = { info: "alertInfo", warning: "alertWarning", error: "alertError", success: "alertSuccess" }[level];
  return h("div", { class: `alert alert-${level}`, role: "note", "aria-label": words ? ctx.view.t(words) : null }, icon(alertIcons[level]), h("div", null, textObject(block.text, ctx.view)));
}

function elementsOf(value) {
  return Array.isArray(value) ? value : (value?.elements ?? []);
}

function card(block, ctx) {
  return h("div", { class: "card" },
    block.hero_image && picture(block.hero_image.image_url, block.hero_image.alt_text, ctx.view, "card-hero"),
    h("div", { class: "card-head" },
      block.icon && picture(block.icon.image_url, block.icon.alt_text, ctx.view, "card-icon"),
      h("div", null, block.title && h("div", { class: "card-title" }, textObject(block.title, ctx.view)),
        block.subtitle && h("div", { class: "card-subtitle" }, textObject(block.subtitle, ctx.view)))),
    block.body && h("div", { class: "card-body" }, textObject(block.body, ctx.view)),
    block.subtext && h("div", { class: "context" }, textObject(block.subtext, ctx.view)),
    elementsOf(block.actions).length > 0 && h("div", { class: "actions" }, elementsOf(block.actions).map((el) => element(el, ctx))));
}

function carousel(block, ctx) {
  return h("div", { class: "carousel", tabindex: 0, role: "group" }, blocks(block.elements ?? [], ctx));
}

function container(block, ctx) {
  const title = block.title ? textObject(block.title, ctx.view) : block.rich_text_title ? richText(block.rich_text_title.elements, ctx.view) : null;
  const head = h("span", { class: "container-head" }, block.icon && picture(block.icon.image_url, block.icon.alt_text, ctx.view, "card-icon"),
    h("span", null, title && h("span", { class: "card-title" }, title), block.subtitle && h("span", { class: "card-subtitle" }, textObject(block.subtitle, ctx.view))));
  const style = `container width-${block.width ?? "standard"}` + (block.has_header_divider ? " ruled" : "");
  const inside = h("div", { class: "container-body" }, blocks(block.child_blocks ?? [], ctx));
  if (block.is_collapsible) return h("details", { class: style, open: !block.default_collapsed }, h("summary", null, head), inside);
  return h("div", { class: style }, head, inside);
}

function layout(block, ctx) {
  return h("div", { class: `layout lines-${block.grid_lines ?? "none"}` },
    block.is_label_visible !== false && block.label && h("div", { class: "card-title" }, block.label),
    (block.rows ?? []).map((row) => h("div", { class: "layout-row" }, (row.items ?? []).map((item) => h("div", { class: `layout-item item-${item.width ?? "standard"} at-${item.horizontal_alignment ?? "start"}` }, blocks([item.block], ctx))))));
}

const statusWords = { pending: "statusPending", in_progress: "statusProgress", complete: "statusComplete", error: "statusError" };

function taskCard(block, ctx) {
  const status = statusWords[block.status] ? block.status : "pending";
  const more = block.details || block.output || block.sources?.length;
  const head = [h("span", { class: `task-mark ${status}`, role: "img", "aria-label": ctx.view.t(statusWords[status]) }, status === "complete" && icon("check", 14), status === "error" && icon("close", 14)),
    h("span", { class: "task-title" }, block.hide_title ? "" : plainText(plain(block.title))), h("span", { class: "task-status" }, ctx.view.t(statusWords[status]))];
  if (!more) return h("div", { class: `task-card ${status}` }, h("div", { class: "task-head" }, head));
  return h("div", { class: `task-card ${status}` }, h("div", { class: "task-head" }, head),
    block.details && h("div", { class: "task-more" }, richText(block.details.elements, ctx.view)),
    block.output && h("div", { class: "task-more" }, richText(block.output.elements, ctx.view)),
    block.sources?.length > 0 && h("div", { class: "task-more sources" }, block.sources.map((s) => safeLink(s.url, [s.text || s.url]))));
}

function plan(block, ctx) {
  const tasks = block.tasks ?? [];
  const done = tasks.filter((task) => task.status === "complete").length;
  return h("div", { class: "plan" },
    h("div", { class: "plan-head" }, h("span", { class: "card-title" }, plainText(plain(block.title))), tasks.length > 0 && h("span", { class: "quiet" }, `${done}/${tasks.length}`)),
    tasks.length > 0 && h("div", { class: "plan-bar", "aria-hidden": "true" }, h("span", { style: { width: `${(done / tasks.length) * 100}%` } })),
    blocks(tasks.map((task) => ({ type: "task_card", ...task })), ctx));
}

function video(block, ctx) {
  return h("div", { class: "card media" }, h("div", { class: "media-frame", "aria-hidden": "true" }, icon("video", 28)),
    h("div", { class: "card-title" }, block.title_url || block.video_url ? safeLink(block.title_url || block.video_url, [plain(block.title)]) : plain(block.title)),
    (block.author_name || block.provider_name) && h("div", { class: "card-subtitle" }, [block.author_name, block.provider_name].filter(Boolean).join(" · ")),
    block.description && h("div", { class: "card-body" }, textObject(block.description, ctx.view)), !block.description && h("div", { class: "quiet" }, block.alt_text));
}

function file(block, ctx) {
  return h("div", { class: "card file" }, icon("file", 22), h("span", null, h("span", { class: "card-title" }, ctx.view.t("file")), h("span", { class: "card-subtitle" }, [block.external_id, block.source].filter(Boolean).join(" · "))));
}

function call(block, ctx) {
  const data = block.call?.v1 ?? {};
  return h("div", { class: "card file" }, icon("people", 22), h("span", null, h("span", { class: "card-title" }, data.name || ctx.view.t("call")),
    h("span", { class: "card-subtitle" }, data.join_url ? safeLink(data.join_url, [data.join_url]) : block.call_id)));
}

function authProvider(block, ctx) {
  return h("div", { class: "card file" }, icon("people", 22), h("span", null, h("span", { class: "card-title" }, textObject(block.name, ctx.view)),
    h("span", { class: "card-subtitle" }, ctx.view.t(block.is_connected ? "connected" : "notConnected"))));
}

function unknown(block, ctx) {
  const text = plain(block.text) || plain(block.title) || plain(block.fallback);
  return h("div", { class: "unknown-block" }, h("span", { class: "quiet" }, ctx.view.t("unknownBlock", { kind: block.type ?? "?" })), text && h("div", null, plainText(text)));
}
