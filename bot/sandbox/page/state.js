// What the page knows: the last snapshot of the workspace, and where the viewer is in it (user, channel, thread). The
// place is kept in the address's hash, so that a reload, a bookmark and the browser's back button keep it.

import { languageOf } from "./dates.js";

/** The pseudo channel of the bot's App Home. */
export const HOME = "home";

export class Store {
  constructor() {
    this.snapshot = null;
    this.place = readHash();
    this.users = new Map();
    this.channels = new Map();
    this.listeners = new Set();
    this.sorted = new WeakMap(); // by channel of the snapshot: what each viewer may see of it, in order, and the replies in it
  }

  /** Calls `listener` after every change; returns how to stop. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  /** Takes in a snapshot from the server. */
  load(snapshot) {
    this.snapshot = snapshot;
    this.users = new Map((snapshot.users ?? []).map((user) => [user.id, user]));
    this.channels = new Map((snapshot.channels ?? []).map((channel) => [channel.id, channel]));
    this.settle();
    this.changed();
  }

  /** Moves to another place; the fields left out keep their value. */
  go(change, { keepHistory = false } = {}) {
    const before = JSON.stringify(this.place);
    this.place = { ...this.place, ...change };
    if (JSON.stringify(this.place) === before) return;
    writeHash(this.place, keepHistory);
    this.changed();
  }

  /** Follows the address after the browser's back and forward buttons. */
  followHash() {
    this.place = readHash();
    if (this.snapshot) this.settle();
    this.changed();
  }

  /** Puts an unknown user or channel right. */
  settle() {
    const people = this.people();
    const place = { ...this.place };
    if (!this.users.has(place.user) && people.length > 0) {
      place.user = this.firstPerson().id;
    }
    this.place = place;
    if (place.channel && place.channel !== HOME && !this.channel) {
      place.channel = "";
      place.thread = "";
    }
    writeHash(place, false);
  }

  get me() {
    return this.users.get(this.place.user) ?? null;
  }

  get bot() {
    return this.users.get(this.snapshot?.bot_user) ?? [...this.users.values()].find((user) => user.is_bot) ?? null;
  }

  /** The channel on show, or null on App Home and before one is chosen. */
  get channel() {
    const channel = this.channels.get(this.place.channel);
    return channel && this.canSee(channel) ? channel : null;
  }

  canSee(channel) {
    return !(channel.is_im || channel.is_private || channel.is_mpim) || this.isMine(channel);
  }

  /** Business time, as a Date. */
  get now() {
    return parseTime(this.snapshot?.now);
  }

  people() {
    return [...this.users.values()].filter((user) => !user.is_bot && user.id !== "USLACKBOT");
  }

  /** Who a new visitor is: a CSM who speaks the browser's language, if there is one. */
  firstPerson() {
    const csms = this.people().filter((user) => /csm|customer success/i.test(user.title ?? ""));
    return csms.find(speaksLikeBrowser) ?? csms[0] ?? this.people()[0] ?? null;
  }

  /** What a user is called on the page: 田中 is Tanaka to those who read English, as the bot says it to them. */
  nameOf(id) {
    const user = this.users.get(id);
    if (!user) return id || "?";
    const name = user.real_name || user.display_name || user.name || id;
    const readable = languageOf(this.me) === "ja" || /\p{Script=Latin}/u.test(name) || !/^[a-z][a-z .-]*$/i.test(user.name ?? "");
    return readable ? name : user.name.replace(/(^|[ .-])([a-z])/g, (whole, before, letter) => before + letter.toUpperCase());
  }

  /** The channels that the viewer can see, by name. */
  publicChannels() {
    return [...this.channels.values()].filter((c) => !c.is_im && this.canSee(c))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /** The viewer's direct messages, the bot's first. */
  directMessages() {
    const mine = [...this.channels.values()].filter((c) => c.is_im && this.isMine(c));
    return mine.sort((a, b) => Number(this.partnerOf(b) === this.bot?.id) - Number(this.partnerOf(a) === this.bot?.id)
      || this.nameOf(this.partnerOf(a)).localeCompare(this.nameOf(this.partnerOf(b))));
  }

  isMine(channel) {
    const me = this.place.user;
    return channel.user === me || (channel.members ?? []).includes(me);
  }

  /** Who is on the other side of a direct message. */
  partnerOf(channel) {
    const other = (channel.members ?? []).find((id) => id !== this.place.user);
    if (other) return other;
    return channel.user && channel.user !== this.place.user ? channel.user : this.bot?.id;
  }

  /** What a channel is called, without `#`. */
  titleOf(channel) {
    return channel.is_im ? this.nameOf(this.partnerOf(channel)) : channel.name;
  }

  unread(channel, user = this.place.user) {
    return this.snapshot?.unread?.[user]?.[channel] ?? 0;
  }

  /** How many messages wait for a user in direct messages. */
  waitingFor(user) {
    const counts = this.snapshot?.unread?.[user] ?? {};
    let total = 0;
    for (const [id, count] of Object.entries(counts)) {
      if (this.channels.get(id)?.is_im || (!this.channels.has(id) && id.startsWith("D"))) total += count;
    }
    return total;
  }

  /** The messages of a channel that the viewer may see, oldest first. */
  messages(channel) {
    return this.inOrder(channel).all;
  }

  // Sorts a channel's messages once for each snapshot and viewer: a page draws them often.
  inOrder(channel) {
    if (!channel) return { all: [], replies: new Map() };
    const known = this.sorted.get(channel);
    if (known?.user === this.place.user) return known;
    const all = (channel.messages ?? []).filter((m) => !m.ephemeral_to || m.ephemeral_to === this.place.user)
      .sort((a, b) => compareTs(a.ts, b.ts));
    const replies = new Map();
    for (const m of all.filter(isReply)) replies.set(m.thread_ts, [...(replies.get(m.thread_ts) ?? []), m]);
    const made = { user: this.place.user, all, replies };
    this.sorted.set(channel, made);
    return made;
  }

  /** The messages outside threads. */
  topLevel(channel) {
    return this.messages(channel).filter((m) => !isReply(m) || m.broadcast);
  }

  /** The direct message between the bot and a person. */
  botDm(user = this.place.user) {
    return [...this.channels.values()].find((c) => c.is_im && (c.user === user || (c.members ?? []).includes(user)) && (c.user === this.bot?.id || !c.user || c.user === user)) ?? null;
  }

  /** How many replies in a channel's threads came since the viewer last looked there. */
  unreadReplies(channel, user = this.place.user) {
    return this.snapshot?.unread_replies?.[user]?.[channel] ?? 0;
  }

  /** The oldest message of a channel, or reply in its threads, that the viewer has not seen, by ts; "" when there is none. */
  oldestUnread(channel) {
    const count = this.unread(channel.id) + this.unreadReplies(channel.id);
    return count === 0 ? "" : this.messages(channel).filter((m) => m.user !== this.place.user).slice(-count)[0]?.ts ?? "";
  }

  /**
   * The message of a channel that the viewer has something to press in: the newest one that the bot has led them to in its
   * direct messages and that still has buttons. Its ts, or "" when there is none.
   */
  ownQuestion(channel) {
    const here = new Map(this.topLevel(channel).map((m) => [m.ts, m]));
    for (const message of this.messages(this.botDm()).toReversed()) {
      const words = JSON.stringify([message.text, message.blocks]);
      for (const [, where, seconds, rest] of words.matchAll(/\/archives\/(\w+)\/p(\d+)(\d{6})/g)) {
        const found = where === channel?.id && here.get(`${seconds}.${rest}`);
        if (found && found.blocks?.some((b) => b.type === "actions")) return found.ts;
      }
    }
    return "";
  }

  replies(channel, ts) {
    return this.inOrder(channel).replies.get(ts) ?? [];
  }

  /** The viewer's open modals, the lowest first. */
  modals() {
    return (this.snapshot?.views ?? []).filter((v) => v.user === this.place.user && (v.type ?? "modal") === "modal" && v.view);
  }

  /** The viewer's App Home, or null. */
  home() {
    return this.snapshot?.homes?.[this.place.user] ?? null;
  }
}

/** Whether the page's words for a user are in the browser's language. */
export function speaksLikeBrowser(user) {
  return languageOf(user) === languageOf({ locale: navigator.language });
}

export function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

/** Orders Slack timestamps ("1764900000.000100") without losing digits. */
export function compareTs(a, b) {
  const [aSeconds, aRest = ""] = String(a).split(".");
  const [bSeconds, bRest = ""] = String(b).split(".");
  return Number(aSeconds) - Number(bSeconds) || aRest.padEnd(9, "0").localeCompare(bRest.padEnd(9, "0"));
}

function parseTime(value) {
  if (typeof value === "number") return new Date(value * 1000);
  const time = new Date(value ?? Date.now());
  return Number.isNaN(time.getTime()) ? new Date() : time;
}

function readHash() {
  const params = new URLSearchParams(location.hash.replace(/^#/, ""));
  return { user: params.get("user") ?? "", channel: params.get("channel") ?? "", thread: params.get("thread") ?? "" };
}

function writeHash(place, keepHistory) {
  const params = new URLSearchParams();
  for (const key of ["user", "channel", "thread"]) if (place[key]) params.set(key, place[key]);
  const hash = "#" + params.toString();
  if (hash === location.hash) return;
  if (keepHistory) history.pushState(null, "", hash);
  else history.replaceState(null, "", hash);
}
