// The list of conversations: App Home, channels and direct messages, with what is unread. Up and down walk it.

import { h, icon, mark, replace } from "./dom.js";
import { avatar } from "./people.js";
import { HOME } from "./state.js";

/** The sidebar, as {node, render}; `foot` stands below the list. */
export function sidebar(view, foot) {
  const title = h("div", { class: "team" });
  const list = h("div", { class: "rooms", role: "tree" });
  const node = h("nav", { class: "sidebar", "data-testid": "sidebar" }, title, list, foot);
  list.addEventListener("keydown", walk);
  let drawn = "";

  const render = () => {
    const { store, t } = view;
    node.setAttribute("aria-label", t("conversations"));
    list.setAttribute("aria-label", t("conversations"));
    const groups = groupsOf(view);
    const state = JSON.stringify([store.snapshot.team, store.place.channel, view.language, groups]);
    if (state === drawn) return;
    drawn = state;
    const focused = document.activeElement?.closest?.(".room")?.getAttribute("data-channel");
    const team = store.snapshot.team;
    replace(title, h("h1", { class: "team-name" }, typeof team === "string" ? team : (team?.name ?? t("workspace"))), h("span", { class: "team-kind" }, t("sandbox")));
    replace(list, groups.map((group) => h("div", { class: "room-group", role: "group", "aria-label": group.label },
      group.label && h("h2", { class: "room-heading", "aria-hidden": "true" }, group.label), group.rooms.map((room) => roomButton(room, view)))));
    const here = list.querySelector("[aria-current]") ?? list.querySelector(".room");
    here?.setAttribute("tabindex", "0");
    if (focused) list.querySelector(`[data-channel="${CSS.escape(focused)}"]`)?.focus();
  };
  return { node, render };
}

function groupsOf(view) {
  const { store, t } = view;
  const bot = store.bot;
  const room = (channel) => ({
    id: channel.id, name: store.titleOf(channel), kind: channel.is_im ? "im" : "channel",
    partner: channel.is_im ? store.partnerOf(channel) : "", unread: store.unread(channel.id), here: channel.id === store.place.channel,
  });
  return [
    { label: "", rooms: [{ id: HOME, name: t("home"), kind: "home", unread: 0, here: store.place.channel === HOME, hint: bot ? store.nameOf(bot.id) : "" }] },
    { label: t("channels"), rooms: store.publicChannels().map(room) },
    { label: t("directMessages"), rooms: store.directMessages().map(room) },
  ].filter((group) => group.rooms.length > 0);
}

function roomButton(room, view) {
  const { store, t } = view;
  const sign = room.kind === "im" ? avatar(store.users.get(room.partner), 20) : room.kind === "home" ? mark(20) : h("span", { class: "hash", "aria-hidden": "true" }, icon("hash", 16));
  return h("button", {
    type: "button", class: "room" + (room.unread > 0 ? " unread" : "") + (room.here ? " here" : ""), role: "treeitem", tabindex: -1, "aria-current": room.here ? "page" : null,
    "data-channel": room.id, "data-unread": room.unread, on: { click: () => view.go({ channel: room.id, thread: "" }) },
  }, sign, h("span", { class: "room-name" }, room.name, room.hint && " ", room.hint && h("span", { class: "room-hint" }, room.hint)), room.unread > 0 && h("span", { class: "count" }, h("span", { "aria-hidden": "true" }, String(room.unread)), h("span", { class: "off-screen" }, t("unreadCount", { n: room.unread }))));
}

function walk(event) {
  const rooms = [...event.currentTarget.querySelectorAll(".room")];
  const at = rooms.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rooms.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  const next = rooms[Math.max(0, Math.min(rooms.length - 1, to))];
  rooms.forEach((room) => room.setAttribute("tabindex", room === next ? "0" : "-1"));
  next.focus();
}
