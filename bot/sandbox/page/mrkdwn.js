// Slack's mrkdwn, as DOM nodes: paragraphs of *bold*, _italic_, ~strike~, `code`, ``` blocks ```, > quotes, bullet
// lines and <…> references. Parsed in two passes: the lines first, then what stands inside one.

import { h } from "./dom.js";
import { dateTokens } from "./dates.js";
import { emojiOf } from "./emoji.js";

/**
 * Draws mrkdwn. `view` is {store, t}: names of users and channels, the viewer's zone and language come from it.
 */
export function mrkdwn(text, view) {
  const out = document.createDocumentFragment();
  const pieces = String(text ?? "").split("```");
  pieces.forEach((piece, i) => {
    const closed = i < pieces.length - 1;
    if (i % 2 === 1 && (closed || pieces.length % 2 === 1)) {
      out.append(h("pre", { class: "pre" }, h("code", null, unescapeText(stripReferences(piece.replace(/^\n|\n$/g, ""))))));
      return;
    }
    const prose = i % 2 === 1 ? "```" + piece : piece;
    appendLines(out, i > 0 ? prose.replace(/^\n/, "") : prose, view);
  });
  return out;
}

/** The text of a text object, as nodes: mrkdwn, or plain with emoji names drawn. */
export function textObject(object, view) {
  if (!object) return document.createDocumentFragment();
  if (typeof object === "string") return plainText(object);
  return object.type === "plain_text" ? plainText(object.text, object.emoji !== false) : mrkdwn(object.text, view);
}

/** Plain text with its line breaks. */
export function plainText(text, emoji = true) {
  const out = document.createDocumentFragment();
  String(text ?? "").split("\n").forEach((line, i) => {
    if (i > 0) out.append(h("br"));
    out.append(emoji ? line.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emojiOf(name)) : line);
  });
  return out;
}

/** The words of a mrkdwn text without its marks, for titles, previews and the live region. */
export function plainWords(text, view) {
  const holder = h("div", null, mrkdwn(text, view));
  for (const br of holder.querySelectorAll("br")) br.replaceWith(" ");
  return holder.textContent.replace(/\s+/g, " ").trim();
}

/** Undoes Slack's escaping of the three control characters. */
export function unescapeText(text) {
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

/** Escapes what a person typed, as Slack's clients do before sending. */
export function escapeText(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** A link whose address is one that may be followed; otherwise its words alone. */
export function safeLink(url, children, props = {}) {
  const address = safeUrl(url);
  if (!address) return h("span", { class: "link-off", title: url }, children);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow", ...props }, children);
}

/** The address if its scheme is harmless, else "". */
export function safeUrl(url) {
  try {
    const parsed = new URL(String(url ?? ""), location.href);
    return ["http:", "https:", "mailto:", "tel:"].includes(parsed.protocol) ? parsed.href : "";
  } catch {
    return "";
  }
}

export function userMention(id, view, label) {
  const name = view.store.users.has(id) ? view.store.nameOf(id) : label || id;
  return h("span", { class: "mention" + (id === view.store.place.user ? " mention-me" : ""), "data-mention": id }, "@" + name);
}

export function channelMention(id, view, label) {
  const channel = view.store.channels.get(id);
  if (!channel) return h("span", { class: "mention" }, "#" + (label || id));
  return h("button", { type: "button", class: "mention mention-link", on: { click: () => view.go({ channel: id, thread: "" }) } }, "#" + channel.name);
}

export function broadcast(range, view) {
  return h("span", { class: "mention mention-me" }, "@" + ({ here: "here", channel: "channel", everyone: "everyone" }[range] ?? range));
}

function appendLines(out, text, view) {
  const lines = text.split("\n");
  let i = 0;
  let inParagraph = false;
  while (i < lines.length) {
    const quoted = takeWhile(lines, i, (line) => /^(&gt;|>)/.test(line));
    const bullets = takeWhile(lines, i, (line) => /^\s*[•◦▪]\s+/.test(line));
    if (quoted > i) {
      const inner = lines.slice(i, quoted).map((line) => line.replace(/^(&gt;|>)\s?/, "")).join("\n");
      const quote = h("blockquote");
      appendLines(quote, inner, view);
      out.append(quote);
      i = quoted;
      inParagraph = false;
    } else if (bullets > i) {
      out.append(h("ul", { class: "bullets" }, lines.slice(i, bullets).map((line) => h("li", null, inline(line.replace(/^\s*[•◦▪]\s+/, ""), view)))));
      i = bullets;
      inParagraph = false;
    } else {
      if (inParagraph) out.append(h("br"));
      out.append(inline(lines[i], view));
      inParagraph = true;
      i += 1;
    }
  }
}

function takeWhile(lines, from, test) {
  let to = from;
  while (to < lines.length && test(lines[to])) to += 1;
  return to;
}

// One alternative for each thing that may stand inside a line; a mark counts only at the edge of a word, as in Slack, and
// not beside a zero-width space within, which is how a bot keeps data from being formatted.
const inlinePattern = new RegExp([
  "`(?!\\u200b)(?<code>[^`\\n]+)`",
  "<(?<ref>[^<>\\n]+)>",
  ":(?<emoji>[a-z0-9_+-]+(?:::skin-tone-\\d)?):",
  "(?<![\\p{L}\\p{N}*])\\*(?<bold>[^\\s*\\u200b](?:[^*\\n]*[^\\s*\\u200b])?)\\*(?![\\p{L}\\p{N}*])",
  "(?<![\\p{L}\\p{N}_])_(?<italic>[^\\s_\\u200b](?:[^\\n]*?[^\\s_\\u200b])?)_(?![\\p{L}\\p{N}_])",
  "(?<![\\p{L}\\p{N}~])~(?<strike>[^\\s~\\u200b](?:[^~\\n]*[^\\s~\\u200b])?)~(?![\\p{L}\\p{N}~])",
].join("|"), "gu");

function inline(text, view) {
  const out = document.createDocumentFragment();
  let last = 0;
  for (const match of text.matchAll(inlinePattern)) {
    if (match.index < last) continue;
    const { code, ref, emoji, bold, italic, strike } = match.groups;
    out.append(unescapeText(text.slice(last, match.index)));
    if (code !== undefined) out.append(h("code", { class: "code" }, unescapeText(stripReferences(code))));
    else if (ref !== undefined) out.append(reference(ref, view));
    else if (emoji !== undefined) out.append(emojiNode(emoji));
    else if (bold !== undefined) out.append(h("strong", null, inline(bold, view)));
    else if (italic !== undefined) out.append(h("em", null, inline(italic, view)));
    else out.append(h("del", null, inline(strike, view)));
    last = match.index + match[0].length;
  }
  out.append(unescapeText(text.slice(last)));
  return out;
}

function emojiNode(name) {
  const shown = emojiOf(name);
  return shown.startsWith(":") ? document.createTextNode(shown) : h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " ") }, shown);
}

function reference(ref, view) {
  const bar = ref.indexOf("|");
  const target = bar < 0 ? ref : ref.slice(0, bar);
  const label = bar < 0 ? "" : unescapeText(ref.slice(bar + 1));
  if (target.startsWith("@")) return userMention(target.slice(1), view, label);
  if (target.startsWith("#")) return channelMention(target.slice(1), view, label);
  if (target.startsWith("!date^")) {
    const [, unix, format, url] = target.split("^");
    const seconds = Number(unix);
    const shown = Number.isFinite(seconds) && format ? dateTokens(seconds, unescapeText(format), view.store.me, view.store.now, view.t) : label;
    const node = h("time", { datetime: Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : null, title: label || null }, shown || label);
    return url ? safeLink(url, [node]) : node;
  }
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, label || "@" + target.slice(9));
  if (target.startsWith("!")) return broadcast(target.slice(1), view);
  const url = unescapeText(target);
  return safeLink(url, [label || url.replace(/^mailto:|^tel:/, "")]);
}

function stripReferences(text) {
  return text.replace(/<([^<>|\n]+)\|([^<>\n]*)>/g, "$2").replace(/<((?:https?|mailto):[^<>\n]+)>/g, "$1");
}
