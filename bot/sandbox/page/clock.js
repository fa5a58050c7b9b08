// The clock: business time in the viewer's zone, and the buttons that turn it. Turning takes as long as the bot needs to
// come to rest.

import { longDay, shortDay, timeOfDay, zoneName } from "./dates.js";
import { h, icon, replace } from "./dom.js";

/** The clock, as {node, render}. */
export function clock(view) {
  const face = h("div", { class: "clock-face" });
  const result = h("div", { class: "clock-result", role: "status", "data-testid": "clock-result" });
  const bar = h("div", { class: "clock-progress", "aria-hidden": "true" });
  const steps = [
    { key: "hour", body: { advance: "1h" }, testid: "clock-hour" },
    { key: "day", body: { advance: "24h" }, testid: "clock-day" },
    { key: "week", body: { advance: "168h" }, testid: "clock-week" },
    { key: "next", body: { next: true }, testid: "clock-next", strong: true },
  ];
  const buttons = steps.map((step) => h("button", { type: "button", class: "clock-button" + (step.strong ? " strong" : ""), "data-testid": step.testid, on: { click: () => turn(step) } }));
  const node = h("section", { class: "clock" }, face, h("div", { class: "clock-buttons", role: "group" }, buttons), result, bar);
  let busy = null;
  let turnable = true;
  let hideResult = 0;
  let reader = "";

  const say = (text, kind = "") => {
    result.className = "clock-result " + kind;
    result.textContent = text;
    clearTimeout(hideResult);
    if (text && kind !== "busy") hideResult = setTimeout(() => { result.textContent = ""; }, 6000);
  };
  // What the clock says hangs over the head of the conversation, so it goes when somebody presses anything there.
  document.addEventListener("pointerdown", (event) => { if (result.classList.contains("done") && !node.contains(event.target)) say(""); });
  const turn = async (step) => {
    if (busy) return;
    const { store, t } = view;
    const began = performance.now();
    busy = setInterval(() => {
      const seconds = Math.floor((performance.now() - began) / 1000);
      if (seconds >= 2) say(t("turningFor", { n: seconds }), "busy");
    }, 500);
    say(t("turning"), "busy");
    render();
    try {
      const answer = await view.post("clock", step.body);
      if (answer.ok === false) throw Object.assign(new Error(view.refusal(answer)), { status: 200 });
      await view.refresh();
      const now = new Date(answer.now ?? store.now);
      say(t("movedTo", { when: moment(now, view) }), "done");
    } catch (error) {
      if (error.status === 409 && step.body.next && /nothing is due/i.test(error.message)) {
        say(t("nothingDue", { when: moment(store.now, view) }), "done");
        return;
      }
      if (error.status === 409 && /workspace.only|not turnable|cannot be turned/i.test(error.message)) turnable = false;
      say(t("clockFailed", { error: error.status === 0 ? t("noServer") : error.message }), "error");
    } finally {
      clearInterval(busy);
      busy = null;
      render();
    }
  };
  const render = () => {
    const { store, t } = view;
    if (!store.snapshot) return;
    const me = store.me;
    if (reader !== me?.id && !busy) say("");
    reader = me?.id;
    node.setAttribute("aria-label", t("clock"));
    node.classList.toggle("fixed", !turnable || store.snapshot.clock_turnable === false);
    node.toggleAttribute("aria-busy", Boolean(busy));
    replace(face, icon("clock", 18), h("time", { class: "clock-time", datetime: store.now.toISOString(), title: `${t("businessTime")} (${me?.tz ?? ""})`, "data-testid": "clock-now" },
      h("span", { class: "clock-day" }, longDay(store.now, me, null)), h("span", { class: "clock-day-short" }, shortDay(store.now, me)), h("span", { class: "clock-hour" }, timeOfDay(store.now, me))),
    h("span", { class: "clock-zone" }, zoneName(me)));
    buttons.forEach((button, i) => {
      const { key } = steps[i];
      button.disabled = Boolean(busy);
      button.setAttribute("title", t(key));
      const words = view.language + key;
      if (button.dataset.words !== words) {
        button.dataset.words = words;
        replace(button, h("span", { class: "long" }, t(key)), h("span", { class: "short" }, t(key + "Short")), steps[i].strong && icon("next", 14));
      }
    });
  };
  return { node, render };
}

function moment(date, view) {
  return `${longDay(date, view.store.me, null)} ${timeOfDay(date, view.store.me)}`;
}
