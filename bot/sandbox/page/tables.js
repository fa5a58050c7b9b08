// Table and data_table blocks.

import { h } from "./dom.js";
import { element } from "./elements.js";
import { plainText } from "./mrkdwn.js";
import { richText } from "./richtext.js";

/** Draws a table block: the first row is its head. */
export function table(block, ctx) {
  const [head = [], ...body] = block.rows ?? [];
  const align = (n) => block.column_settings?.[n]?.align ?? "left";
  const style = (n) => `align-${align(n)}` + (block.column_settings?.[n]?.is_wrapped ? " wrapped" : "");
  return frame(ctx, null, h("table", { class: "table" },
    h("thead", null, h("tr", null, head.map((cell, n) => h("th", { scope: "col", class: style(n) }, cellNode(cell, ctx))))),
    h("tbody", null, body.map((row) => h("tr", null, row.map((cell, n) => h("td", { class: style(n) }, cellNode(cell, ctx))))))));
}

/** Draws a data_table block, with its caption and, past page_size rows, a way to see the rest. */
export function dataTable(block, ctx) {
  const [head = [], ...body] = block.rows ?? [];
  const rowHead = block.row_header_column_index ?? -1;
  const rows = body.map((row) => h("tr", null, row.map((cell, n) => {
    const number = cell?.type === "raw_number" ? "number" : null;
    return n === rowHead ? h("th", { scope: "row", class: number }, cellNode(cell, ctx)) : h("td", { class: number }, cellNode(cell, ctx));
  })));
  const page = block.page_size || 20;
  rows.slice(page).forEach((row) => { row.hidden = true; });
  const more = rows.length > page && h("button", { type: "button", class: "link-button" }, ctx.view.t("showMore"));
  if (more) {
    more.addEventListener("click", () => {
      const hidden = rows.filter((row) => row.hidden);
      hidden.slice(0, page).forEach((row) => { row.hidden = false; });
      if (hidden.length <= page) more.remove();
    });
  }
  const heads = h("tr", null, head.map((cell, n) => h("th", { scope: "col", class: body[0]?.[n]?.type === "raw_number" ? "number" : null }, cellNode(cell, ctx))));
  return frame(ctx, block.caption, h("table", { class: "table" }, h("thead", null, heads), h("tbody", null, rows)), more);
}

function frame(ctx, caption, node, more) {
  return h("figure", { class: "table-figure" }, caption && h("figcaption", { class: "chart-title" }, caption),
    h("div", { class: "table-frame", tabindex: 0, role: "group", "aria-label": caption || ctx.view.t("tableOf") }, node), more);
}

function cellNode(cell, ctx) {
  switch (cell?.type) {
    case "rich_text": return richText(cell.elements, ctx.view);
    case "raw_number": return cell.text || new Intl.NumberFormat(ctx.view.language === "ja" ? "ja-JP" : "en-US").format(cell.value);
    case "action_cell": return cell.element ? element(cell.element, ctx) : cellNode(cell.fallback, ctx);
    case undefined: return "";
    default: return plainText(cell.text ?? "");
  }
}
