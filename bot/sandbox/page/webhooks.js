// What playbooks send to other systems: the calls that came, the newest first, and what the next ones are to meet. In the
// sandbox the workspace takes every call in the other system's place.

import { shortDay, timeOfDay } from "./dates.js";
import { h, icon, replace } from "./dom.js";
import { letGo } from "./press.js";
import { CallError, errorText } from "./server.js";

const address = "/sandbox/webhooks";
const modes = ["500", "429", "400", "slow", "lost_reply"];

/** The panel with the button that opens it, as {button, node, render}. */
export function webhooksPanel(view) {
  const label = h("span", { class: "rules-button-text" });
  const count = h("span", { class: "webhooks-count" });
  const button = h("button", { type: "button", class: "rules-button", "data-testid": "webhooks-open", "aria-expanded": "false" }, icon("link", 16), label, count);
  const title = h("h2", { id: "webhooks-title" });
  const close = h("button", { type: "button", class: "icon-button", "data-testid": "webhooks-close" }, icon("close"));
  const about = h("p", { class: "quiet" });
  const system = h("select", { class: "webhooks-select", "data-testid": "webhooks-system" });
  const mode = h("select", { class: "webhooks-select", "data-testid": "webhooks-mode" });
  const times = h("input", { class: "webhooks-times", type: "number", min: 1, max: 1000, value: 3, "data-testid": "webhooks-times" });
  const words = { system: h("span"), mode: h("span"), times: h("span") };
  const add = h("button", { type: "submit", class: "button", "data-testid": "webhooks-fail" });
  const left = h("ul", { class: "webhooks-left", "data-testid": "webhooks-left" });
  const form = h("form", { class: "webhooks-faults", on: { submit: (event) => { event.preventDefault(); ask({ method: "webhook:" + system.value, mode: mode.value, times: Number(times.value) || 1 }); } } },
    h("label", null, words.system, system), h("label", null, words.mode, mode), h("label", null, words.times, times), add, left);
  const list = h("div", { class: "webhooks-calls", tabindex: 0, "data-testid": "webhooks-calls" });
  const node = h("section", { class: "rules", role: "dialog", "aria-modal": "false", "aria-labelledby": "webhooks-title", hidden: true, "data-testid": "webhooks" },
    h("header", { class: "conversation-head" }, h("div", { class: "head-title" }, title), close), h("div", { class: "rules-news" }, about, form), list);
  let data = null;
  let drawn = "";
  let seen = "";
  let asking = null;

  const show = (open) => {
    node.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) {
      view.closePanels(node);
      seen = "";
      render();
      close.focus();
    }
  };
  const leave = () => { show(false); button.focus(); };
  button.addEventListener("click", () => (node.hidden ? show(true) : leave()));
  close.addEventListener("click", leave);
  document.addEventListener("keydown", (event) => {
    if (node.hidden || event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    leave();
  });

  async function fetchCalls() {
    try {
      const response = await fetch(address, { cache: "no-store" });
      const answer = await response.json();
      if (!response.ok) throw new CallError(errorText(answer), response.status);
      data = answer;
      await letGo();
      draw();
    } catch (error) {
      view.failed(error);
    }
  }

  // The newest change wins: one look at a time, and one more where something changed meanwhile.
  function look() {
    asking ??= fetchCalls().finally(() => { asking = null; render(); });
  }

  async function ask(fault) {
    try {
      const answer = await view.post("faults", fault);
      if (answer.ok === false) view.refused(answer);
      await fetchCalls();
    } catch (error) {
      view.failed(error);
    }
  }

  function draw() {
    const { t, store } = view;
    const signature = JSON.stringify([view.language, store.me?.id, data]);
    if (signature === drawn || !data) return;
    drawn = signature;
    title.textContent = t("webhooksTitle");
    close.setAttribute("aria-label", t("close"));
    about.textContent = data.systems.length === 0 && data.calls.length === 0 ? t("webhooksNone") : t("webhooksAbout");
    words.system.textContent = t("webhooksSystem");
    words.mode.textContent = t("webhooksMode");
    words.times.textContent = t("webhooksTimes");
    add.textContent = t("webhooksFail");
    list.setAttribute("aria-label", t("webhooksTitle"));
    choose(system, [["*", t("webhooksAll")], ...named(data).map((name) => [name, name])]);
    choose(mode, modes.map((m) => [m, t("webhook_" + m)]));
    replace(left, data.left.map((f) => h("li", null, t("webhooksLeft", { system: f.method === "webhook:*" ? t("webhooksAll") : f.method.slice(8), mode: t("webhook_" + f.mode), n: f.times }), " ",
      h("button", { type: "button", class: "button small", "data-testid": "webhooks-clear", on: { click: () => ask({ method: f.method, clear: true }) } }, t("webhooksClear")))));
    const rows = [...data.calls].reverse().map((call) => h("tr", { "data-webhook": call.n },
      h("td", { class: "when" }, shortDay(new Date(call.at), store.me) + " " + timeOfDay(new Date(call.at), store.me)),
      h("td", null, h("code", null, call.system)),
      h("td", null, call.body?.account ?? ""),
      h("td", null, h("span", { class: `webhook-answer ${call.status === 200 ? "taken" : "failed"}`, "data-status": call.status }, t(answerOf(call), { n: call.status })),
        call.again && h("span", { class: "quiet" }, " " + t("webhookAgain")), call.signed === "invalid" && h("span", { class: "webhook-answer failed" }, " " + t("webhookInvalid")), call.signed === "none" && h("span", { class: "quiet" }, " " + t("webhookUnsigned"))),
      h("td", { class: "webhook-body" }, h("details", null, h("summary", null, summary(call)), h("pre", null, JSON.stringify(call.body, null, 2)), h("p", { class: "quiet" }, "Idempotency-Key: " + call.key)))));
    replace(list, rows.length === 0 ? h("p", { class: "quiet" }, t("webhooksEmpty")) : h("table", null,
      h("thead", null, h("tr", null, ["webhooksTime", "webhooksName", "webhooksAccount", "webhooksAnswer", "webhooksBody"].map((key) => h("th", { scope: "col" }, t(key))))), h("tbody", null, rows)));
  }

  const render = () => {
    const { t, store } = view;
    label.textContent = t("webhooks");
    button.title = t("webhooksTitle");
    const n = store.snapshot?.webhooks ?? 0;
    count.textContent = n > 0 ? String(n) : "";
    const key = `${view.language}/${store.me?.id}/${store.snapshot?.rev}`;
    if (node.hidden || asking || seen === key) return;
    seen = key;
    draw();
    look();
  };
  return { button, node, render, close: () => show(false) };
}

// The systems of the book, and those that were called by an older one.
function named(data) {
  return [...new Set([...data.systems, ...data.calls.map((call) => call.system)])].sort();
}

// Offers options in a select, keeping what is chosen.
function choose(select, options) {
  const was = select.value;
  replace(select, options.map(([value, text]) => h("option", { value }, text)));
  if (options.some(([value]) => value === was)) select.value = was;
}

function answerOf(call) {
  if (call.status === 0) return "webhookLost";
  if (call.status === 200) return call.fault === "slow" ? "webhookSlow" : "webhookTaken";
  return "webhookFailed";
}

// What the body says in one line: what the step sends under data, or else all of it.
function summary(call) {
  const data = call.body?.data ?? call.body;
  const text = data && typeof data === "object" ? Object.entries(data).map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ") : String(data);
  return text || (call.body?.step ?? "");
}
