// The page of the sandbox: a small Slack client for a workspace on this machine.
//
// Hooks for browser tests; they stay when texts and looks change:
//
//   data-testid  user-switch, sidebar, messages, composer, send, thread, thread-composer, thread-send, thread-link,
//                open-thread, thread-close, thread-back, back, home, modal, modal-submit, modal-cancel, modal-close,
//                confirm, confirm-yes, confirm-no, clock-now, clock-hour, clock-day, clock-week, clock-next, clock-result,
//                rules-open, rules, rules-close, rules-table, rules-detail, rules-why, rules-outline, rules-news,
//                webhooks-open, webhooks, webhooks-close, webhooks-calls, webhooks-system, webhooks-mode, webhooks-times,
//                webhooks-fail, webhooks-left, webhooks-clear, toast, welcome, welcome-dismiss, waiting, date-text, banner
//   data-user      the person of an entry in the switch, the author of a message, the viewer on the switch itself
//   data-channel   a room in the sidebar ("home" is App Home) and a message's channel; data-unread is a room's count
//   data-ts        a message; with data-ephemeral where only one person sees it
//   data-block     a block's kind; data-block-id its id
//   data-action-id, data-block-id   an interactive element
//   data-value     an option of an open menu or list; data-date a day of an open calendar
//   data-view-id, data-callback-id  the open modal
//   data-account, data-playbook, data-standing   a mark of the rules panel; data-playbook alone on a playbook's name
//   data-webhook   a call of another system, by number; data-status within it the answer, 0 where it was lost
//   data-error-for the place of an input block's error, by block id
//   data-rev       on <body>: the revision of the workspace on show; data-ready once the first is drawn
//   aria-busy      on a button, form or the clock while the bot has not answered
//
// A select or overflow menu is a button; pressing it opens a list of role option or menuitem. The place is in the
// address: #user=U…&channel=C…&thread=TS.

import { clock } from "./clock.js";
import { composer } from "./composer.js";
import { languageOf } from "./dates.js";
import { h, icon, mark, replace } from "./dom.js";
import { translator } from "./i18n.js";
import { conversation } from "./messages.js";
import { modalStack } from "./modals.js";
import { clearToasts, closePopup, toast } from "./popup.js";
import { letGo } from "./press.js";
import { errorText, fetchState, followChanges, post } from "./server.js";
import { rulesPanel } from "./rules.js";
import { sidebar } from "./sidebar.js";
import { HOME, Store } from "./state.js";
import { threadPanel } from "./thread.js";
import { userSwitch } from "./people.js";
import { webhooksPanel } from "./webhooks.js";
import { welcome } from "./welcome.js";

const narrow = matchMedia("(max-width: 760px)");
const app = document.getElementById("app");
const store = new Store();

// What every part of the page works with: the store, the words, and what it can ask for.
const view = {
  store,
  t: translator(null),
  language: "en",
  post: (name, body) => post(name, body),
  refresh,
  go: (place) => store.go(place, { keepHistory: true }),
  become(user, channel) {
    closePopup();
    clearToasts();
    const was = store.channel;
    const keep = channel ?? (was?.is_im ? store.botDm(user)?.id ?? "" : store.place.channel);
    store.go({ user, channel: keep, thread: "" }, { keepHistory: true });
  },
  refusal: (answer) => view.t("refused", { error: errorText(answer) || view.t("failed") }),
  problem: (text) => toast(text, { kind: "error", dismiss: view.t("dismiss") }),
  refused: (answer) => toast(view.refusal(answer), { kind: "error", dismiss: view.t("dismiss") }),
  failed: (error) => toast(error.status === 0 ? view.t("notSent") : view.t("refused", { error: error.message || view.t("failed") }), { kind: "error", dismiss: view.t("dismiss") }),
  markRead,
  fetchEarlier,
  seenReplies: new Map(),
  closePanels(but) {
    if (parts.webhooks.node !== but) parts.webhooks.close();
    if (parts.rules.node !== but && !parts.rules.node.hidden) parts.rules.button.click();
  },
  /** Shows the viewer the message of the open channel that waits for their answer, if there is one. */
  pointOut() {
    const ts = store.ownQuestion(store.channel);
    if (ts) parts.conversation.reveal(ts);
  },
  beginCommand: (text) => { render(); composers.main.begin(text); },
};

const composers = { main: composer(view), thread: composer(view, { inThread: true }) };
const hintPlaces = { wide: h("div"), narrow: h("div", { class: "sidebar-foot" }) };
const parts = {
  hint: welcome(view), clock: clock(view), switch: userSwitch(view), sidebar: sidebar(view, hintPlaces.narrow), thread: threadPanel(view, composers.thread.node), modals: modalStack(view), rules: rulesPanel(view), webhooks: webhooksPanel(view),
};
parts.rules.button.addEventListener("click", () => { if (!parts.rules.node.hidden) view.closePanels(parts.rules.node); });
parts.conversation = conversation(view, composers.main.node);
parts.conversation.node.querySelector(".scroll-frame").before(hintPlaces.wide);
const banner = h("div", { class: "banner", role: "status", hidden: true, "data-testid": "banner" });
const link = { answering: true, reading: new Set(), homeFor: "", limit: 100 };

function build() {
  replace(app,
    h("header", { class: "topbar" }, h("div", { class: "topbar-start" }, h("a", { class: "brand", href: "#", "aria-label": "Playcaller", on: { click: (event) => { event.preventDefault(); view.go({ channel: narrow.matches ? "" : firstChannel(), thread: "" }); } } }, mark(28), h("span", null, "Playcaller")), parts.rules.button, parts.webhooks.button),
      parts.clock.node, parts.switch.node),
    banner,
    h("main", { class: "workspace" }, parts.sidebar.node, parts.conversation.node, parts.thread.node, parts.rules.node, parts.webhooks.node));
}

function firstChannel() {
  const channels = store.publicChannels();
  return (channels.find((c) => c.name === "cs-alerts") ?? channels[0] ?? store.directMessages()[0])?.id ?? "";
}

function render() {
  if (!store.snapshot) return;
  if (!app.hasAttribute("data-built")) {
    app.setAttribute("data-built", "");
    build();
  }
  const language = languageOf(store.me);
  view.t = translator(store.me);
  view.language = language;
  document.documentElement.lang = language;
  if (!store.place.channel && !narrow.matches) {
    store.go({ channel: firstChannel() });
    return;
  }
  const hintPlace = narrow.matches ? hintPlaces.narrow : hintPlaces.wide;
  if (parts.hint.node.parentElement !== hintPlace) hintPlace.append(parts.hint.node);
  document.body.dataset.screen = store.place.thread ? "thread" : store.place.channel ? "conversation" : "list";
  document.body.dataset.rev = store.snapshot.rev ?? "";
  document.body.toggleAttribute("data-ready", true);
  for (const part of [parts.hint, parts.clock, parts.switch, parts.sidebar, composers.main, composers.thread, parts.conversation, parts.thread, parts.modals, parts.rules, parts.webhooks]) part.render();
  drawBanner();
  setTitle();
  openHome();
}

function drawBanner() {
  const text = !link.answering ? view.t("noAnswer") : store.snapshot?.connected === 0 ? view.t("botAway") : "";
  banner.hidden = !text;
  banner.classList.toggle("serious", !link.answering);
  if (banner.dataset.text !== text) {
    banner.dataset.text = text;
    replace(banner, icon("warning", 16), text);
  }
}

function setTitle() {
  const waiting = Object.values(store.snapshot.unread?.[store.place.user] ?? {}).reduce((a, b) => a + b, 0);
  const where = store.place.channel === HOME ? view.t("home") : store.channel ? (store.channel.is_im ? "" : "#") + store.titleOf(store.channel) : "";
  document.title = `${waiting > 0 ? `(${waiting}) ` : ""}${where ? where + " · " : ""}Playcaller ${view.t("sandbox")}`;
}

// App Home is filled by the bot when somebody opens it, once for each time that it is opened.
function openHome() {
  const key = store.place.channel === HOME ? store.place.user : "";
  if (key && key !== link.homeFor) post("home", { user: key }).then(refresh, () => {});
  link.homeFor = key;
}

function markRead(channel) {
  const user = store.place.user;
  const key = `${user}/${channel.id}`;
  if (store.unread(channel.id) + store.unreadReplies(channel.id) === 0 || document.visibilityState !== "visible" || link.reading.has(key)) return;
  link.reading.add(key);
  post("read", { user, channel: channel.id }).then(refresh, () => {}).finally(() => link.reading.delete(key));
}

// Asks for four times as many messages of each conversation as before.
function fetchEarlier() {
  link.limit *= 4;
  refresh();
}

let fetching = null;
let again = false;

/** Fetches the workspace; calls while one is under way end in one more. */
function refresh() {
  if (fetching) {
    again = true;
    return fetching;
  }
  fetching = (async () => {
    do {
      again = false;
      try {
        const snapshot = await fetchState(link.limit);
        link.answering = true;
        await letGo();
        store.load(snapshot);
      } catch (error) {
        link.answering = error.status !== 0 && error.status < 500;
        drawBanner();
        if (!store.snapshot) waitForServer();
      }
    } while (again);
  })().finally(() => { fetching = null; });
  return fetching;
}

function waitForServer() {
  const splash = document.querySelector(".splash-text");
  if (splash) splash.textContent = translator({ locale: navigator.language })("noAnswer");
}

let pending = null;

function refreshSoon() {
  // While time passes much changes at once.
  pending ??= setTimeout(() => { pending = null; refresh(); }, document.querySelector(".clock[aria-busy]") ? 300 : 60);
}

const splashText = document.querySelector(".splash-text");
if (splashText) splashText.textContent = translator({ locale: navigator.language })("loading");

// A link to a message of this workspace leads there in the page, so that one stays who one is.
function followPermalink(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const to = new URL(link.href, location.href);
  const here = to.host === location.host || (to.port === location.port && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(to.hostname));
  const message = here && to.pathname.match(/^\/archives\/([^/]+)\/p(\d+)(\d{6})$/);
  if (!message || !store.channels.has(message[1])) return;
  event.preventDefault();
  view.go({ channel: message[1], thread: to.searchParams.get("thread_ts") ?? `${message[2]}.${message[3]}` });
}

document.addEventListener("click", followPermalink);
store.subscribe(render);
addEventListener("hashchange", () => store.followHash());
addEventListener("popstate", () => store.followHash());
document.addEventListener("visibilitychange", () => { if (store.snapshot) render(); });
narrow.addEventListener("change", render);
followChanges(refreshSoon, (up) => { if (!up) refreshSoon(); });
refresh();
