// The conversation on show: its header, its messages by day and author, what is new, and how it scrolls.

import { blocks } from "./blocks.js";
import { dateOfTs, dayKey, dividerDay } from "./dates.js";
import { h, icon, mark, reconcile, replace } from "./dom.js";
import { formValues } from "./form.js";
import { messageNode, messageWords } from "./message.js";
import { avatar } from "./people.js";
import { HOME } from "./state.js";

const groupSeconds = 300;

/**
 * A list of messages that redraws only what changed, so that open menus, typed text and the place on the page survive.
 * render(channel, messages, options) updates it.
 */
export function messageList(view, { inThread = false } = {}) {
  const drawn = new Map();
  let scope = "";
  const reset = (next) => {
    if (next === scope) return false;
    scope = next;
    drawn.clear();
    return true;
  };
  const nodeOf = (key, signature, make) => {
    const old = drawn.get(key);
    if (old?.signature === signature) return old.node;
    const focused = old?.node.contains(document.activeElement) ? document.activeElement.closest("[data-action-id]")?.getAttribute("data-action-id") : null;
    const node = make();
    drawn.set(key, { signature, node });
    if (focused) queueMicrotask(() => node.querySelector(`[data-action-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true }));
    return node;
  };
  const nodes = (channel, messages, { newFrom = "", since = "" } = {}) => {
    const { store } = view;
    reset(`${store.place.user}/${channel.id}/${inThread ? store.place.thread : ""}/${view.language}/${store.me?.tz}`);
    const out = [];
    let last = null;
    for (const message of messages) {
      const day = dayKey(dateOfTs(message.ts), store.me);
      if (!inThread && day !== last?.day) out.push(divider("day-" + day, dividerDay(dateOfTs(message.ts), store.me, store.now, view.t), nodeOf));
      const isNew = newFrom && message.ts === newFrom;
      if (isNew) out.push(divider("new", view.t("newMark"), nodeOf, "new"));
      const afterRoot = inThread && messages.indexOf(message) === 1;
      const grouped = Boolean(last) && !isNew && !afterRoot && last.day === day && last.user === message.user && !last.ephemeral === !message.ephemeral_to
        && Number(message.ts) - Number(last.ts) < groupSeconds;
      const replies = inThread ? [] : store.replies(channel, message.ts).map((r) => [r.ts, r.user]);
      const unseen = replies.some(([ts, user]) => since && user !== store.place.user && ts >= since && ts > (view.seenReplies.get(message.ts) ?? ""));
      const signature = JSON.stringify([message, grouped, replies, unseen, (inThread || replies.length > 0) && dayKey(store.now, store.me), store.users.get(message.user)]);
      out.push(nodeOf(message.ts, signature, () => messageNode(message, channel, view, { grouped, inThread, unseen })));
      last = { day, user: message.user, ts: message.ts, ephemeral: message.ephemeral_to };
    }
    return out;
  };
  return { nodes };
}

function divider(key, words, nodeOf, kind = "") {
  return nodeOf(key, words, () => h("div", { class: "day-divider " + kind, role: "separator", "aria-label": words }, h("span", null, words)));
}

/** The middle of the page, as {node, render}. */
export function conversation(view, composerNode) {
  const head = h("header", { class: "conversation-head" });
  const log = h("div", { class: "log", role: "log", "aria-live": "off", id: "log" });
  const scroller = h("div", { class: "scroll", tabindex: 0, "data-testid": "messages" }, log);
  const jump = h("button", { type: "button", class: "jump", hidden: true, on: { click: () => scroller.scrollTo({ top: scroller.scrollHeight, behavior: "smooth" }) } });
  const homeBody = h("div", { class: "home-body", hidden: true, "data-testid": "home" });
  const node = h("section", { class: "conversation" }, head, h("div", { class: "scroll-frame" }, scroller, homeBody, jump), composerNode);
  const list = messageList(view);
  const live = document.getElementById("live");
  const shown = { place: "", newFrom: "", newest: "", since: "", goOn: false };

  scroller.addEventListener("scroll", () => { if (atBottom(scroller)) jump.hidden = true; }, { passive: true });

  const render = () => {
    const { store, t } = view;
    const isHome = store.place.channel === HOME;
    const channel = store.channel;
    drawHead(head, view, channel, isHome);
    scroller.hidden = isHome;
    homeBody.hidden = !isHome;
    composerNode.hidden = isHome || !channel;
    log.setAttribute("aria-label", t("messages"));
    node.setAttribute("aria-label", isHome ? t("home") : channel ? store.titleOf(channel) : t("messages"));
    scroller.setAttribute("aria-label", channel ? store.titleOf(channel) : t("messages"));
    if (isHome || !channel) jump.hidden = true;
    if (isHome) {
      shown.place = "";
      drawHome(homeBody, view);
      return;
    }
    if (!channel) {
      shown.place = "";
      replace(log, empty(icon("hash", 28), t("pickConversation"), ""));
      return;
    }
    const messages = store.topLevel(channel);
    const place = `${store.place.user}/${channel.id}`;
    const arrived = place !== shown.place;
    const stick = atBottom(scroller);
    const newest = messages.at(-1)?.ts ?? "";
    if (arrived) {
      const since = store.oldestUnread(channel);
      Object.assign(shown, { place, newest, since: since || store.messages(channel).at(-1)?.ts + "~", newFrom: since && (messages.find((m) => m.ts >= since && m.user !== store.place.user)?.ts ?? ""),
        // Where nothing was read before there is no place to go on from: the newest is what one came for.
        goOn: since && messages.some((m) => m.ts < since && m.user !== store.place.user) });
    }
    const fresh = arrived ? [] : messages.filter((m) => Number(m.ts) > Number(shown.newest || 0) || (m.ts > shown.newest && !shown.newest));
    const others = fresh.filter((m) => m.user !== store.place.user);
    if (others.length > 0) {
      live.textContent = others.map((m) => t("newMessage", { name: store.nameOf(m.user), text: messageWords(m, view) })).join(" ");
      if (!stick && !shown.newFrom) shown.newFrom = others[0].ts;
      jump.hidden = stick;
    }
    shown.newest = newest;
    replace(jump, t("jumpNew"), icon("chevron", 16));
    reconcile(log, messages.length > 0 ? [earlier(channel, view), ...list.nodes(channel, messages, { newFrom: shown.newFrom, since: shown.since })].filter(Boolean)
      : [empty(channel.is_im ? avatar(store.users.get(store.partnerOf(channel)), 56) : icon("hash", 30), t(channel.is_im ? "emptyDm" : "emptyChannel", { name: channel.is_im ? store.titleOf(channel) : "#" + channel.name }), t(channel.is_im ? "emptyDmText" : "emptyChannelText"))]);
    const mine = fresh.some((m) => m.user === store.place.user || m.ephemeral_to);
    if (arrived) {
      const mark = log.querySelector(".day-divider.new");
      scroller.scrollTop = mark && shown.goOn ? mark.offsetTop - 80 : scroller.scrollHeight;
      jump.hidden = atBottom(scroller);
    } else if (stick || mine) {
      scroller.scrollTop = scroller.scrollHeight;
    }
    view.markRead(channel);
  };
  /** Brings a message into view, above all what can be pressed in it, marks it for a moment and gives it the focus. */
  const reveal = (ts) => {
    const message = log.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    if (!message) return;
    const frame = scroller.getBoundingClientRect();
    const press = message.querySelector("[data-block=actions]") ?? message;
    scroller.scrollTop += Math.max(message.getBoundingClientRect().top - frame.top - 12, press.getBoundingClientRect().bottom - frame.bottom + 12);
    message.classList.remove("pointed");
    void message.offsetWidth; // the mark begins anew
    message.classList.add("pointed");
    message.focus({ preventScroll: true });
  };
  return { node, render, reveal, scroller };
}

function atBottom(scroller) {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
}

// Only the newest messages are fetched at first; the way to the others stands above them.
function earlier(channel, view) {
  if (!channel.earlier) return null;
  return h("button", { type: "button", class: "link-button earlier", on: { click: () => view.fetchEarlier() } }, view.t("showEarlier", { n: channel.earlier }));
}

function drawHead(head, view, channel, isHome) {
  const { store, t } = view;
  const botDm = store.botDm();
  const isBot = isHome || (channel?.is_im && channel === botDm);
  const state = JSON.stringify([store.place.channel, view.language, channel?.topic, channel?.members?.length, channel && store.titleOf(channel), botDm?.id]);
  if (head.dataset.state === state) return;
  head.dataset.state = state;
  const back = h("button", { type: "button", class: "icon-button back", "aria-label": t("back"), "data-testid": "back", on: { click: () => view.go({ channel: "", thread: "" }) } }, icon("back"));
  const title = isBot ? [avatar(store.bot, 26), h("h2", null, store.bot ? store.nameOf(store.bot.id) : t("home")), h("span", { class: "app-mark" }, t("app"))]
    : channel?.is_im ? [avatar(store.users.get(store.partnerOf(channel)), 26), h("h2", null, store.titleOf(channel))]
      : channel ? [h("span", { class: "hash", "aria-hidden": "true" }, icon("hash")), h("h2", null, channel.name)] : [h("h2", null, "")];
  const tab = (label, id, on) => h("button", { type: "button", class: "tab", role: "tab", "aria-selected": String(on), "data-channel": id, on: { click: () => view.go({ channel: id, thread: "" }) } }, label);
  const members = channel && !channel.is_im && channel.members ? (channel.members.length === 1 ? t("member") : t("members", { n: channel.members.length })) : "";
  replace(head, back, h("div", { class: "head-title" }, title),
    isBot && botDm && h("div", { class: "tabs", role: "tablist", "aria-label": store.nameOf(store.bot?.id) }, tab(t("home"), HOME, isHome), tab(t("messages"), botDm.id, !isHome)),
    !isBot && h("div", { class: "topic" }, channel?.topic || (channel?.is_im ? store.users.get(store.partnerOf(channel))?.title : "") || ""),
    members && h("div", { class: "members", title: (channel.members ?? []).map((id) => store.nameOf(id)).join(", ") }, icon("people", 16), members));
}

const homeForms = new Map();

function drawHome(body, view) {
  const { store, t } = view;
  const home = store.home();
  const signature = JSON.stringify([store.place.user, view.language, home]);
  if (body.dataset.signature === signature) return;
  const focused = document.activeElement?.closest?.("[data-action-id]")?.getAttribute("data-action-id");
  body.dataset.signature = signature;
  const shape = home?.view ?? home;
  if (!shape?.blocks?.length) {
    replace(body, empty(mark(56), t("emptyHome"), t("emptyHomeText")));
    return;
  }
  const id = shape.id ?? home.id ?? "";
  const formKey = `${store.place.user}/${id}`;
  if (!homeForms.has(formKey)) homeForms.set(formKey, formValues());
  replace(body, h("div", { class: "home-blocks", "data-view-id": id }, blocks(shape.blocks, { view, place: { view_id: id }, form: homeForms.get(formKey) })));
  if (focused) body.querySelector(`[data-action-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/** An empty state: a sign, a heading and a sentence. */
export function empty(sign, title, text) {
  return h("div", { class: "empty" }, h("div", { class: "empty-sign" }, sign), h("h3", null, title), text && h("p", null, text));
}
