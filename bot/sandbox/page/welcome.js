// The hint of the first visit: three steps, each of which goes there when pressed. Dismissed once, it stays away.

import { h, icon, mark, replace } from "./dom.js";
import { speaksLikeBrowser } from "./state.js";

const storageKey = "playcaller-welcome-seen";

/** The hint, as {node, render}. */
export function welcome(view) {
  const node = h("section", { class: "welcome", hidden: true, "data-testid": "welcome" });
  let seen = read();
  let drawn = "";

  const dismiss = () => {
    seen = true;
    try {
      localStorage.setItem(storageKey, "1");
    } catch { /* private browsing: the hint comes back on the next visit */ }
    node.hidden = true;
  };
  const render = () => {
    const { store, t } = view;
    const cast = castOf(store);
    node.hidden = seen || !cast;
    if (node.hidden) return;
    const signature = JSON.stringify([view.language, cast.csm.id, cast.sales.id, cast.channel.id]);
    if (signature === drawn) return;
    drawn = signature;
    const channel = "#" + cast.channel.name;
    replace(node,
      h("button", { type: "button", class: "icon-button welcome-close", "aria-label": t("dismiss"), "data-testid": "welcome-dismiss", on: { click: dismiss } }, icon("close", 16)),
      h("div", { class: "welcome-head" }, mark(36), h("div", null, h("h2", null, t("welcome")), h("p", null, t("welcomeText")))),
      h("ol", { class: "welcome-steps" },
        step(1, t("step1", { channel, name: short(store, cast.csm) }), () => { view.become(cast.csm.id, cast.channel.id); view.pointOut(); }),
        step(2, t("step2"), () => document.querySelector("[data-testid=clock-next]")?.focus()),
        step(3, t("step3", { name: short(store, cast.sales), command: "/handoff" }), () => { view.become(cast.sales.id, cast.channel.id); view.beginCommand("/handoff"); })));
  };
  return { node, render };
}

function step(n, text, go) {
  return h("li", null, h("button", { type: "button", class: "welcome-step", on: { click: go } }, h("span", { class: "step-number", "aria-hidden": "true" }, String(n)), h("span", null, text), icon("right", 16)));
}

// Who plays which part: somebody of the right job, in the browser's language where the team has one.
function castOf(store) {
  const people = store.people();
  const sellers = people.filter((u) => /sales|account exec|^ae$|営業/i.test(u.title ?? ""));
  const csm = store.firstPerson();
  const sales = sellers.find(speaksLikeBrowser) ?? sellers[0] ?? people.at(-1);
  const channel = store.publicChannels().find((c) => c.name === "cs-alerts") ?? store.publicChannels()[0];
  return csm && sales && channel ? { csm, sales, channel } : null;
}

// The name people use: the family name in Japanese, the last name otherwise.
function short(store, user) {
  const words = store.nameOf(user.id).trim().split(/[\s ]+/);
  if (/[぀-ヿ一-鿿]/.test(words[0])) return words[0];
  return /tanaka|sato/i.test(words[0]) ? words[0] : words.at(-1);
}

function read() {
  try {
    return localStorage.getItem(storageKey) === "1";
  } catch {
    return false;
  }
}
