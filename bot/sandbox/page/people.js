// Who one is: avatars, and the switch between the people of the workspace.

import { zoneName } from "./dates.js";
import { h, icon, mark, replace } from "./dom.js";
import { openList } from "./popup.js";

/** A person's picture: initials on a colour of their own; the app's is the product's mark. */
export function avatar(user, size = 36) {
  if (!user || user.is_bot) return h("span", { class: "avatar bot", style: { "--size": `${size}px` }, "aria-hidden": "true" }, mark(size));
  return h("span", { class: `avatar tint-${tintOf(user.id)}`, style: { "--size": `${size}px` }, "aria-hidden": "true" }, initials(user.real_name || user.name || user.id));
}

function tintOf(id) {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)) % 8191;
  return sum % 8;
}

function initials(name) {
  const words = name.trim().split(/[\s ]+/);
  if (/[぀-ヿ一-鿿]/.test(name)) return [...words[0]].slice(0, 2).join("");
  return (words.length > 1 ? [...words[0]][0] + [...words.at(-1)][0] : [...words[0]].slice(0, 2).join("")).toUpperCase();
}

/** The button "You are Tanaka, CSM" and its menu. */
export function userSwitch(view) {
  const who = h("span", { class: "who" });
  const node = h("button", { type: "button", class: "user-switch", "aria-haspopup": "listbox", "aria-expanded": "false", "data-testid": "user-switch" });
  node.addEventListener("click", () => openList(node, entries(view), {
    label: view.t("choosePerson"), filter: false, align: "end", tall: true, t: view.t,
    onPick: (entry) => view.become(entry.value),
  }));
  const render = () => {
    const { store, t } = view;
    const me = store.me;
    if (!me) return;
    const others = store.people().filter((user) => user.id !== me.id && store.waitingFor(user.id) > 0).length;
    replace(who, h("span", { class: "who-label" }, t("youAre")), " ", h("span", { class: "who-name" }, store.nameOf(me.id)), " ", me.title && h("span", { class: "who-title" }, me.title));
    replace(node, avatar(me, 32), who, others > 0 && h("span", { class: "waiting-dot", title: t(others === 1 ? "otherWaiting" : "othersWaiting", { n: others }) }, icon("people", 14), h("span", { "aria-hidden": "true" }, String(others)), h("span", { class: "off-screen" }, t(others === 1 ? "otherWaiting" : "othersWaiting", { n: others }))), icon("chevron", 16));
    node.setAttribute("title", t("switchPerson"));
    node.setAttribute("data-user", me.id);
  };
  return { node, render };
}

function entries(view) {
  const { store, t } = view;
  return store.people().map((user) => {
    const waiting = store.waitingFor(user.id);
    return {
      value: user.id, label: store.nameOf(user.id), description: user.title, selected: user.id === store.place.user, attributes: { "data-user": user.id },
      node: h("span", { class: "person" }, avatar(user, 32), h("span", { class: "list-text" }, h("span", { class: "list-label" }, store.nameOf(user.id)),
        h("span", { class: "list-description" }, [user.title, zoneName(user, store.me)].filter(Boolean).join(" · "))),
      waiting > 0 && h("span", { class: "waiting", "data-testid": "waiting" }, waiting === 1 ? t("waitingOne") : t("waitingMany", { n: waiting }))),
    };
  });
}
