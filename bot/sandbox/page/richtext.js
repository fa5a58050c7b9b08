// Rich text blocks, and the markdown block's standard Markdown.

import { h } from "./dom.js";
import { dateTokens } from "./dates.js";
import { emojiOf } from "./emoji.js";
import { broadcast, channelMention, mrkdwn, plainText, safeLink, userMention } from "./mrkdwn.js";

/** Draws a rich_text block's elements. */
export function richText(elements, view) {
  const out = h("div", { class: "rich" });
  let lists = [];
  for (const element of elements ?? []) {
    if (element.type === "rich_text_list") {
      lists = placeList(out, lists, element, view);
      continue;
    }
    lists = [];
    out.append(richElement(element, view));
  }
  return out;
}

// Nested lists arrive as siblings with growing indents: each goes into the last item of the list one level up.
function placeList(out, open, element, view) {
  const indent = element.indent ?? 0;
  const list = h(element.style === "ordered" ? "ol" : "ul", {
    class: `rich-list level-${indent % 3}` + (element.border ? " bordered" : ""),
    start: element.style === "ordered" && element.offset ? element.offset + 1 : null,
  }, (element.elements ?? []).map((item) => h("li", null, richElement(item, view))));
  const parents = open.filter((entry) => entry.indent < indent);
  const parent = parents.at(-1)?.list.lastElementChild;
  (parent ?? out).append(list);
  return [...parents, { indent, list }];
}

function richElement(element, view) {
  switch (element.type) {
    case "rich_text_section": return h("div", { class: "rich-section" }, inlineParts(element.elements, view));
    case "rich_text_quote": return h("blockquote", null, inlineParts(element.elements, view));
    case "rich_text_preformatted": return h("pre", { class: "pre" }, h("code", null, inlineParts(element.elements, view)));
    case "rich_text_list": return richText([element], view);
    default: return h("div", { class: "rich-section" }, element.elements ? inlineParts(element.elements, view) : (element.text ?? view.t("unknownElement", { kind: element.type })));
  }
}

function inlineParts(parts, view) {
  return (parts ?? []).map((part) => styled(inlinePart(part, view), part.style));
}

function inlinePart(part, view) {
  switch (part.type) {
    case "text": return plainText(part.text, false);
    case "link": return safeLink(part.url, [part.text || part.url]);
    case "user":
    case "canvas_user_mention": return userMention(part.user_id, view);
    case "channel": return channelMention(part.channel_id, view);
    case "usergroup": return h("span", { class: "mention" }, "@" + part.usergroup_id);
    case "team": return h("span", { class: "mention" }, "@" + part.team_id);
    case "broadcast": return broadcast(part.range, view);
    case "emoji": return h("span", { class: "emoji", role: "img", "aria-label": part.name }, emojiOf(part.name ?? "", part.unicode));
    case "date": return dateNode(part, view);
    case "color": return h("span", { class: "swatch-text" }, swatch(part.value), part.value);
    case "tag": return h("span", { class: `tag tag-${part.color ?? "gray"}` }, part.text);
    case "citation": return safeLink(part.url, [part.text || part.url], { class: "citation" });
    default: return otherReference(part, view);
  }
}

// Files, canvases, work objects and the like: their words, as a link where they have an address.
function otherReference(part, view) {
  const label = part.text || part.label || part.salesforce_field_label || view.t("unknownElement", { kind: part.type });
  return part.url ? safeLink(part.url, [label]) : h("span", { class: "tag tag-gray" }, label);
}

function dateNode(part, view) {
  const shown = part.format ? dateTokens(Number(part.timestamp), part.format, view.store.me, view.store.now, view.t) : part.fallback;
  const node = h("time", { datetime: new Date(Number(part.timestamp) * 1000).toISOString(), title: part.fallback }, shown || part.fallback);
  return part.url ? safeLink(part.url, [node]) : node;
}

function swatch(value) {
  const known = /^#[0-9a-f]{3,8}$/i.test(value ?? "");
  return h("span", { class: "swatch", "aria-hidden": "true", style: known ? { background: value } : {} });
}

function styled(node, style) {
  if (!style) return node;
  let out = node;
  if (style.code) out = h("code", { class: "code" }, out);
  if (style.bold) out = h("strong", null, out);
  if (style.italic) out = h("em", null, out);
  if (style.strike) out = h("del", null, out);
  if (style.underline) out = h("u", null, out);
  if (style.highlight || style.client_highlight) out = h("mark", null, out);
  return out;
}

/** Draws a markdown block: headings, lists, quotes, code, tables, rules and paragraphs. */
export function markdown(text, view) {
  const out = h("div", { class: "rich markdown" });
  const lines = String(text ?? "").replace(/\r/g, "").split("\n");
  let i = 0;
  while (i < lines.length) {
    const [node, next] = markdownBlock(lines, i, view);
    if (node) out.append(node);
    i = next;
  }
  return out;
}

const itemPattern = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;

function markdownBlock(lines, i, view) {
  const line = lines[i];
  if (line.trim() === "") return [null, i + 1];
  if (/^\s*```/.test(line)) {
    const end = findLine(lines, i + 1, (l) => /^\s*```/.test(l));
    return [h("pre", { class: "pre" }, h("code", null, lines.slice(i + 1, end).join("\n"))), end + 1];
  }
  const heading = line.match(/^(#{1,6})\s+(.*?)\s*#*$/);
  if (heading) return [h("div", { class: `md-heading md-${heading[1].length}`, role: "heading", "aria-level": heading[1].length + 2 }, markdownInline(heading[2], view)), i + 1];
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) return [h("hr"), i + 1];
  if (/^\s*>/.test(line)) {
    const end = findLine(lines, i, (l) => !/^\s*>/.test(l));
    return [h("blockquote", null, markdown(lines.slice(i, end).map((l) => l.replace(/^\s*>\s?/, "")).join("\n"), view)), end];
  }
  if (line.includes("|") && /^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$/.test(lines[i + 1] ?? "") && lines[i + 1].includes("-")) {
    const end = findLine(lines, i + 2, (l) => !l.includes("|"));
    return [markdownTable([line, ...lines.slice(i + 2, end)], view), end];
  }
  if (itemPattern.test(line)) {
    const base = line.match(itemPattern);
    const end = findLine(lines, i, (l) => {
      const item = l.match(itemPattern);
      return item ? item[1].length <= base[1].length && /\d/.test(item[2]) !== /\d/.test(base[2]) : !/^\s{2,}\S/.test(l);
    });
    return [markdownList(lines.slice(i, end), view), end];
  }
  const end = findLine(lines, i + 1, (l) => l.trim() === "" || /^(#{1,6}\s|\s*>|\s*```)/.test(l) || itemPattern.test(l));
  return [h("p", null, lines.slice(i, end).map((l, n) => [n > 0 && h("br"), markdownInline(l.trim(), view)])), end];
}

function findLine(lines, from, test) {
  let i = from;
  while (i < lines.length && !test(lines[i])) i += 1;
  return i;
}

function markdownList(lines, view) {
  const base = lines[0].match(itemPattern)[1].length;
  const list = h(/^\s*\d/.test(lines[0]) ? "ol" : "ul", { class: "rich-list" });
  let nested = [];
  const flush = () => {
    if (nested.length > 0 && list.lastElementChild) {
      list.lastElementChild.append(itemPattern.test(nested[0]) ? markdownList(nested, view) : markdownInline(" " + nested.map((l) => l.trim()).join(" "), view));
    }
    nested = [];
  };
  for (const line of lines) {
    const item = line.match(itemPattern);
    if (item && item[1].length <= base) {
      flush();
      const task = item[3].match(/^\[([ xX])\]\s+(.*)$/);
      list.append(h("li", { class: task ? "task-item" : null }, task && (task[1] === " " ? "☐ " : "☑ "), markdownInline(task ? task[2] : item[3], view)));
    } else {
      nested.push(line);
    }
  }
  flush();
  return list;
}

function markdownTable(lines, view) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  const [head, ...body] = lines.map(cells);
  return h("div", { class: "table-frame", tabindex: 0, role: "group", "aria-label": view.t("tableOf") }, h("table", { class: "table" },
    h("thead", null, h("tr", null, head.map((cell) => h("th", { scope: "col" }, markdownInline(cell, view))))),
    h("tbody", null, body.map((row) => h("tr", null, row.map((cell) => h("td", null, markdownInline(cell, view))))))));
}

const markdownPattern = /`(?<code>[^`]+)`|!?\[(?<label>[^\]]*)\]\((?<url>[^)\s]+)[^)]*\)|\*\*(?<bold>.+?)\*\*|__(?<bold2>.+?)__|~~(?<strike>.+?)~~|(?<![\p{L}\p{N}*])\*(?<italic>[^*\s][^*]*)\*|(?<![\p{L}\p{N}_])_(?<italic2>[^_\s][^_]*)_(?![\p{L}\p{N}])|(?<ref><[@#!][^>]+>)|(?<bare>https?:\/\/[^\s<>)]+)|:(?<emoji>[a-z0-9_+-]+):/gu;

function markdownInline(text, view) {
  const out = document.createDocumentFragment();
  let last = 0;
  for (const match of text.matchAll(markdownPattern)) {
    const g = match.groups;
    out.append(text.slice(last, match.index));
    if (g.code !== undefined) out.append(h("code", { class: "code" }, g.code));
    else if (g.url !== undefined) out.append(safeLink(g.url, [g.label || g.url]));
    else if (g.bold ?? g.bold2) out.append(h("strong", null, markdownInline(g.bold ?? g.bold2, view)));
    else if (g.strike) out.append(h("del", null, markdownInline(g.strike, view)));
    else if (g.italic ?? g.italic2) out.append(h("em", null, markdownInline(g.italic ?? g.italic2, view)));
    else if (g.ref) out.append(mrkdwn(g.ref, view));
    else if (g.bare) out.append(safeLink(g.bare, [g.bare]));
    else out.append(emojiOf(g.emoji));
    last = match.index + match[0].length;
  }
  out.append(text.slice(last));
  return out;
}
