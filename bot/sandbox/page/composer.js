// The composer: messages, replies and slash commands, with suggestions for commands and people and a memory of what was
// sent.

import { h, icon, replace, uniqueId } from "./dom.js";
import { escapeText } from "./mrkdwn.js";
import { avatar } from "./people.js";

// Used where the workspace does not say which commands it has.
const knownCommands = [
  { name: "/handoff", args: "cmdHandoffArgs", about: "cmdHandoff" },
  { name: "/cs account", args: "cmdAccountArgs", about: "cmdCsAccount" },
  { name: "/cs tasks", about: "cmdCsTasks" },
  { name: "/cs why", args: "cmdAccountArgs", about: "cmdCsWhy" },
  { name: "/cs help", about: "cmdCsHelp" },
];

/** A composer, as {node, render}; with `inThread` it replies. */
export function composer(view, { inThread = false } = {}) {
  const hints = h("div", { class: "suggestions", role: "listbox", id: uniqueId("suggestions"), hidden: true });
  const box = h("textarea", {
    class: "composer-input", rows: 1, "data-testid": inThread ? "thread-composer" : "composer", "aria-autocomplete": "list", "aria-controls": hints.id,
    enterkeyhint: "send",
  });
  const sendButton = h("button", { type: "submit", class: "send", "data-testid": inThread ? "thread-send" : "send" }, icon("send"));
  const status = h("div", { class: "composer-status", role: "status" });
  const node = h("form", { class: "composer" }, hints, h("div", { class: "composer-frame" }, box, sendButton), status);
  const memory = { sent: [], at: 0, drafts: new Map() };
  let suggestions = [];
  let active = 0;
  let place = "";

  const grow = () => {
    box.style.setProperty("height", "auto");
    box.style.setProperty("height", `${Math.min(box.scrollHeight, 180)}px`);
    sendButton.classList.toggle("ready", box.value.trim() !== "");
  };
  const setText = (text) => {
    box.value = text;
    box.setSelectionRange(text.length, text.length);
    grow();
  };
  const drawHints = () => {
    hints.hidden = suggestions.length === 0;
    box.setAttribute("aria-activedescendant", suggestions.length > 0 ? `${hints.id}-${active}` : "");
    replace(hints, suggestions.length > 0 && h("div", { class: "list-group" }, view.t(suggestions[0].person ? "people" : "commands")),
      suggestions.map((s, i) => h("div", {
        class: "list-option" + (i === active ? " is-active" : ""), role: "option", id: `${hints.id}-${i}`, "aria-selected": String(i === active), "data-value": s.insert,
        on: { pointerdown: (event) => { event.preventDefault(); take(s); } },
      }, s.person ? [avatar(s.person, 24), h("span", { class: "list-label" }, s.label)] : h("span", { class: "list-label command" }, s.label, s.args && h("span", { class: "command-args" }, " " + s.args)), h("span", { class: "list-description" }, s.about))));
  };
  const suggest = () => {
    suggestions = box.value.startsWith("/") && !inThread ? commandHints(box.value, view) : personHints(box, view);
    active = 0;
    drawHints();
  };
  const take = (s) => {
    const cursor = box.selectionStart;
    if (s.person) setText(box.value.slice(0, s.from) + s.insert + " " + box.value.slice(cursor));
    else setText(s.insert + (s.args ? " " : ""));
    suggestions = [];
    drawHints();
    box.focus();
  };

  box.addEventListener("input", () => { memory.at = memory.sent.length; status.textContent = ""; grow(); suggest(); });
  box.addEventListener("blur", () => { suggestions = []; drawHints(); });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (suggestions.length > 0) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const whole = suggestions[active]?.insert === box.value.trim();
      if (step) active = (active + step + suggestions.length) % suggestions.length;
      else if (event.key === "Tab" || (event.key === "Enter" && !whole && !event.shiftKey)) take(suggestions[active]);
      else if (event.key === "Escape") suggestions = [];
      else if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); node.requestSubmit(); return; }
      else return;
      event.preventDefault();
      event.stopPropagation();
      drawHints();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      node.requestSubmit();
    } else if (event.key === "ArrowUp" && (box.value === "" || memory.sent[memory.at] === box.value) && memory.at > 0) {
      event.preventDefault();
      memory.at -= 1;
      setText(memory.sent[memory.at]);
    } else if (event.key === "ArrowDown" && memory.sent[memory.at] === box.value && memory.at < memory.sent.length) {
      event.preventDefault();
      memory.at += 1;
      setText(memory.sent[memory.at] ?? "");
    }
  });
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (text === "" || node.hasAttribute("aria-busy")) return;
    memory.sent.push(text);
    memory.at = memory.sent.length;
    node.setAttribute("aria-busy", "true");
    setText("");
    suggestions = [];
    drawHints();
    const sent = await (text.startsWith("/") && !inThread ? runCommand(text, view, status) : say(text, view, inThread));
    node.removeAttribute("aria-busy");
    if (!sent) setText(text);
  });

  const render = () => {
    const { store, t } = view;
    const channel = store.channel;
    if (!channel) return;
    const name = channel.is_im ? store.titleOf(channel) : "#" + channel.name;
    const now = `${store.place.user}/${channel.id}/${inThread ? store.place.thread : ""}`;
    if (now !== place) {
      memory.drafts.set(place, box.value);
      place = now;
      status.textContent = "";
      setText(memory.drafts.get(now) ?? "");
    }
    box.placeholder = inThread ? t("replyTo") : t(matchMedia("(max-width: 760px)").matches ? "composer" : "messageTo", { name });
    box.setAttribute("aria-label", inThread ? t("replyTo") : t("composer", { name }));
    sendButton.setAttribute("aria-label", t("send"));
    hints.setAttribute("aria-label", t("commands"));
  };
  return { node, render, focus: () => box.focus(), begin: (text) => { setText(text); box.focus(); suggest(); } };
}

function commandHints(text, view) {
  const given = view.store.snapshot.commands;
  const commands = given?.length ? fromWorkspace(given, view) : knownCommands.map((c) => ({ insert: c.name, label: c.name, args: c.args ? view.t(c.args) : "", about: view.t(c.about) }));
  const typed = text.toLowerCase();
  return commands.filter((c) => c.insert.startsWith(typed.trimEnd()) && !(typed.startsWith(c.insert + " ") && typed.length > c.insert.length)).slice(0, 8);
}

function commandNames(view) {
  const given = view.store.snapshot.commands?.map((c) => c.name) ?? [];
  return (given.length > 0 ? given : ["/handoff", "/cs"]).join(view.language === "ja" ? "、" : ", ");
}

// The workspace's own list, with the first words of /cs that this page knows spelled out.
function fromWorkspace(given, view) {
  const known = new Map(knownCommands.map((c) => [c.name, c]));
  const rows = [];
  for (const command of given) {
    const more = knownCommands.filter((c) => c.name.startsWith(command.name + " "));
    const own = known.get(command.name);
    if (more.length === 0) rows.push({ insert: command.name, label: command.name, args: command.usage ?? command.usage_hint ?? "", about: own && view.language === "ja" ? view.t(own.about) : command.description ?? "" });
    for (const c of more) rows.push({ insert: c.name, label: c.name, args: c.args ? view.t(c.args) : "", about: view.t(c.about) });
  }
  return rows;
}

function personHints(box, view) {
  const before = box.value.slice(0, box.selectionStart);
  const match = before.match(/(^|[\s、。(])@([\p{L}\p{N}._-]*)$/u);
  if (!match) return [];
  const wanted = match[2].toLowerCase();
  return view.store.people().filter((user) => `${user.name} ${user.real_name}`.toLowerCase().includes(wanted)).slice(0, 6).map((person) => ({
    person, label: view.store.nameOf(person.id), about: person.title ?? "", insert: "@" + person.name, from: before.length - match[2].length - 1,
  }));
}

// What Slack's clients do with typed text: control characters escaped, known @names and #channels made references.
function encode(text, store) {
  return escapeText(text)
    .replace(/(^|[\s、。(])@([\p{L}\p{N}._-]+)/gu, (whole, lead, name) => {
      const user = [...store.users.values()].find((u) => u.name === name);
      return user ? `${lead}<@${user.id}>` : whole;
    })
    .replace(/(^|\s)#([\p{L}\p{N}_-]+)/gu, (whole, lead, name) => {
      const channel = store.publicChannels().find((c) => c.name === name);
      return channel ? `${lead}<#${channel.id}|${name}>` : whole;
    });
}

async function say(text, view, inThread) {
  const { store } = view;
  try {
    const answer = await view.post("say", { user: store.place.user, channel: store.place.channel, text: encode(text, store), ...(inThread ? { thread_ts: store.place.thread } : {}) });
    if (answer.ok === false) {
      view.refused(answer);
      return false;
    }
    await view.refresh();
    return true;
  } catch (error) {
    view.failed(error);
    return false;
  }
}

async function runCommand(text, view, status) {
  const { store, t } = view;
  const [command] = text.split(/\s/, 1);
  status.textContent = t("working");
  try {
    const answer = await view.post("command", { user: store.place.user, channel: store.place.channel, command, text: encode(text.slice(command.length).trim(), store) });
    status.textContent = "";
    if (answer.ok === false) {
      view.refused(answer);
      return false;
    }
    if (answer.ack_ms !== undefined) status.textContent = t("commandRan", { command, n: Math.round(answer.ack_ms * 10) / 10 });
    await view.refresh();
    return true;
  } catch (error) {
    status.textContent = "";
    if (error.status === 404 && /not a valid command/.test(error.message)) view.problem(t("notACommand", { command, known: commandNames(view) }));
    else view.failed(error);
    return false;
  }
}

