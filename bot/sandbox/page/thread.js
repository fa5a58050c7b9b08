// The thread beside the conversation: the message it hangs from, its replies, and a composer of its own.

import { h, icon, reconcile, replace } from "./dom.js";
import { empty, messageList } from "./messages.js";

/** The thread panel, as {node, render}. */
export function threadPanel(view, composerNode) {
  const head = h("header", { class: "conversation-head thread-head" });
  const log = h("div", { class: "log", role: "log", "aria-live": "polite" });
  const scroller = h("div", { class: "scroll", tabindex: 0 }, log);
  const node = h("aside", { class: "thread", "data-testid": "thread", hidden: true }, head, h("div", { class: "scroll-frame" }, scroller), composerNode);
  const list = messageList(view, { inThread: true });
  let shown = "";
  let count = 0;

  const close = () => view.go({ thread: "" });
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      const ts = view.store.place.thread;
      close();
      document.querySelector(`.conversation [data-ts="${CSS.escape(ts)}"] button`)?.focus();
    }
  });

  const render = () => {
    const { store, t } = view;
    const channel = store.channel;
    const ts = channel ? store.place.thread : "";
    node.hidden = !ts;
    if (!ts) {
      shown = "";
      return;
    }
    node.setAttribute("aria-label", t("thread"));
    node.setAttribute("data-ts", ts);
    log.setAttribute("aria-label", t("thread"));
    const title = channel.is_im ? store.titleOf(channel) : "#" + channel.name;
    replace(head, h("button", { type: "button", class: "icon-button back", "aria-label": t("backToChannel", { name: title }), "data-testid": "thread-back", on: { click: close } }, icon("back")),
      h("div", { class: "head-title" }, h("h2", null, t("thread"))), h("div", { class: "topic" }, title),
      h("button", { type: "button", class: "icon-button thread-close", "aria-label": t("closeThread"), "data-testid": "thread-close", on: { click: close } }, icon("close")));
    const root = store.messages(channel).find((m) => m.ts === ts);
    const replies = store.replies(channel, ts);
    const arrived = shown !== `${channel.id}/${ts}/${store.place.user}`;
    const stick = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
    const grown = replies.length > count;
    const mine = grown && replies.at(-1).user === store.place.user;
    shown = `${channel.id}/${ts}/${store.place.user}`;
    count = replies.length;
    view.seenReplies.set(ts, replies.at(-1)?.ts ?? "");
    if (!root && channel.earlier) view.fetchEarlier();
    if (!root) {
      reconcile(log, [empty(icon("reply", 28), t("threadGone"), "")]);
      return;
    }
    const nodes = list.nodes(channel, [root, ...replies]);
    nodes.splice(1, 0, rule(replies.length, t));
    reconcile(log, nodes);
    if (arrived || mine || (grown && stick)) scroller.scrollTop = arrived && replies.length < 3 ? 0 : scroller.scrollHeight;
  };
  return { node, render };
}

function rule(count, t) {
  return h("div", { class: "thread-rule" }, h("span", null, count === 0 ? t("noReplies") : count === 1 ? t("reply") : t("replies", { n: count })));
}
