// One message: author, time, blocks or text, attachments, reactions and the way into its thread.

import { blocks } from "./blocks.js";
import { dateOfTs, dayKey, longDay, shortDay, timeOfDay } from "./dates.js";
import { h, icon } from "./dom.js";
import { emojiOf } from "./emoji.js";
import { formValues } from "./form.js";
import { mrkdwn, plainWords, safeLink } from "./mrkdwn.js";
import { avatar } from "./people.js";

/**
 * Draws a message. `grouped` leaves out the author of a message that follows its author's own; `inThread` leaves out the
 * way into the thread; `unseen` marks replies that have not been looked at.
 */
export function messageNode(message, channel, view, { grouped = false, inThread = false, unseen = false } = {}) {
  const { store, t } = view;
  const author = store.users.get(message.user) ?? (message.bot_id ? store.bot : null);
  const at = dateOfTs(message.ts);
  const ctx = { view, place: { channel: channel.id, ts: message.ts, ...(message.thread_ts ? { thread_ts: message.thread_ts } : {}) }, form: formValues() };
  // A thread has no lines between the days, so the day stands with the time.
  const time = inThread ? whenOf(at, view) : timeOfDay(at, store.me);
  const full = `${longDay(at, store.me, store.now)} ${timeOfDay(at, store.me)}`;
  const name = author ? store.nameOf(author.id) : (message.username || message.user || t("app"));
  return h("article", {
    class: "message" + (grouped ? " grouped" : "") + (message.ephemeral_to ? " ephemeral" : ""), "aria-label": `${name}, ${full}`, tabindex: -1,
    "data-ts": message.ts, "data-channel": channel.id, "data-user": message.user, "data-ephemeral": message.ephemeral_to ? "true" : null,
  },
  h("div", { class: "message-side" }, grouped ? h("time", { class: "side-time", datetime: at.toISOString(), title: full }, sideTime(timeOfDay(at, store.me))) : avatar(author)),
  h("div", { class: "message-main" },
    message.ephemeral_to && h("div", { class: "only-you" }, icon("eye", 14), t("onlyYou")),
    !grouped && h("div", { class: "message-head" }, h("span", { class: "author" }, name), author?.is_bot && h("span", { class: "app-mark" }, t("app")),
      author?.title && !author.is_bot && h("span", { class: "author-title" }, author.title), h("time", { class: "message-time", datetime: at.toISOString(), title: full }, time)),
    h("div", { class: "message-body" }, body(message, view, ctx)),
    reactions(message, view),
    !inThread && threadLink(message, channel, view, unseen)),
  !inThread && !message.ephemeral_to && h("div", { class: "message-tools" }, h("button", {
    type: "button", class: "tool", "aria-label": t("replyInThread"), title: t("replyInThread"), "data-testid": "open-thread",
    on: { click: () => view.go({ thread: message.thread_ts || message.ts }) },
  }, icon("reply"))));
}

function sideTime(time) {
  return time.replace(/\s?[AP]M$/i, "");
}

function body(message, view, ctx) {
  const out = [];
  const edited = message.edited && h("span", { class: "edited" }, view.t("edited"));
  if (message.blocks?.length) {
    out.push(blocks(message.blocks, ctx), edited && h("div", { class: "edited-line" }, edited));
  } else if (message.text) {
    out.push(h("div", { class: "text" }, mrkdwn(message.text, view), edited && " ", edited));
  }
  if (message.attachments?.length) out.push(message.attachments.map((attachment, i) => attachmentNode(attachment, i, view, ctx)));
  return out;
}

function attachmentNode(attachment, i, view, ctx) {
  const colour = { good: "#2e9e6b", warning: "#d9931b", danger: "#cc4b3c" }[attachment.color] ?? (/^#?[0-9a-f]{3,8}$/i.test(attachment.color ?? "") ? "#" + attachment.color.replace("#", "") : null);
  return h("div", { class: "attachment", style: colour ? { "--bar": colour } : {} },
    attachment.pretext && h("div", null, mrkdwn(attachment.pretext, view)),
    attachment.author_name && h("div", { class: "quiet" }, attachment.author_name),
    attachment.title && h("div", { class: "card-title" }, attachment.title_link ? safeLink(attachment.title_link, [attachment.title]) : attachment.title),
    attachment.text && h("div", null, mrkdwn(attachment.text, view)),
    attachment.fields?.length > 0 && h("div", { class: "fields" }, attachment.fields.map((f) => h("div", { class: "field" }, h("strong", null, f.title), h("br"), mrkdwn(f.value, view)))),
    attachment.blocks?.length > 0 && blocks(attachment.blocks.map((b, n) => ({ ...b, block_id: b.block_id ?? `attachment-${i}-${n}` })), ctx),
    attachment.footer && h("div", { class: "context" }, attachment.footer));
}

function reactions(message, view) {
  if (!message.reactions?.length) return null;
  return h("div", { class: "reactions" }, message.reactions.map((r) => {
    const count = r.count ?? r.users?.length ?? 1;
    const who = (r.users ?? []).map((id) => view.store.nameOf(id)).join(", ");
    return h("span", { class: "reaction", title: who, "aria-label": view.t("reactedWith", { n: count, name: r.name }) }, emojiOf(r.name), " ", String(count));
  }));
}

function threadLink(message, channel, view, unseen) {
  const { store, t } = view;
  const replies = store.replies(channel, message.ts);
  const count = Math.max(replies.length, message.reply_count ?? 0);
  if (count === 0) return null;
  const people = [...new Set(replies.map((r) => r.user))].slice(0, 3);
  const last = replies.at(-1);
  const when = last ? t("lastReply", { when: whenOf(dateOfTs(last.ts), view) }) : "";
  return h("button", { type: "button", class: "thread-link" + (unseen ? " unseen" : ""), "data-testid": "thread-link", on: { click: () => view.go({ thread: message.ts }) } },
    people.map((id) => avatar(store.users.get(id), 22)), h("span", { class: "thread-count" }, count === 1 ? t("reply") : t("replies", { n: count })), unseen && h("span", { class: "thread-new" }, t("newMark")), h("span", { class: "thread-when" }, when), h("span", { class: "thread-view" }, t("viewThread"), icon("right", 14)));
}

function whenOf(date, view) {
  const { store } = view;
  const time = timeOfDay(date, store.me);
  return dayKey(date, store.me) === dayKey(store.now, store.me) ? time : `${shortDay(date, store.me)} ${time}`;
}

/** A message's words on one line, for the live region. */
export function messageWords(message, view) {
  const text = message.text || (message.blocks ?? []).map((b) => b.text?.text ?? b.text ?? "").filter((s) => typeof s === "string").join(" ");
  return plainWords(text, view).slice(0, 200);
}
