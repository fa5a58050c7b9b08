// Pickers for a day, a time, and both. Days are shown in the viewer's language, on a calendar that the keyboard can walk.

import { h, icon, replace, uniqueId } from "./dom.js";
import { clockTime, dayKey, isoDay, monthName, unixOf, weekdayNames } from "./dates.js";
import { closePopup, openPopup } from "./popup.js";

/** A datepicker element; its value is "2026-11-22". */
export function dateField(el, field) {
  let value = field.value;
  const words = h("span", { class: "select-value", id: uniqueId("value") });
  const node = h("button", { type: "button", class: "select date-field", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-labelledby": field.ctx.labelId ? `${field.ctx.labelId} ${words.id}` : null, "aria-describedby": field.ctx.describedBy }, icon("calendar", 16), words);
  const redraw = () => {
    words.classList.toggle("is-empty", !value);
    words.textContent = value ? isoDay(value, field.view.store.me) : el.placeholder?.text || field.view.t("selectDate");
    if (!field.ctx.labelId) node.setAttribute("aria-label", words.textContent);
  };
  node.addEventListener("click", () => openCalendar(node, value, field.view, Boolean(field.ctx.optional), (day) => {
    value = day;
    redraw();
    field.set(value, node);
  }));
  redraw();
  return node;
}

/** Opens a month to pick a day from beside `anchor`; where the day is optional, one that was picked can be taken away. */
function openCalendar(anchor, value, view, optional, onPick) {
  const today = dayKey(view.store.now, view.store.me);
  let day = /^\d{4}-\d{2}-\d{2}$/.test(value ?? "") ? value : today;
  const grid = h("div", { class: "calendar-grid", role: "grid" });
  const title = h("div", { class: "calendar-title", "aria-live": "polite" });
  const typed = h("input", { class: "list-filter", type: "text", placeholder: view.t("dateFormat"), "aria-label": view.t("selectDate") + " " + view.t("dateFormat"), value: value ?? "", "data-testid": "date-text", inputmode: "numeric" });
  const wrong = h("div", { class: "input-error", role: "alert", "data-testid": "date-wrong" });
  const clear = optional && value ? h("button", { type: "button", class: "link-button", "data-testid": "date-clear", on: { click: () => pick(null) } }, view.t("noDate")) : null;
  const complain = (text) => {
    wrong.textContent = text;
    typed.setAttribute("aria-invalid", String(text !== ""));
  };
  const step = (months) => { day = addMonths(day, months); draw(); };
  const panel = h("div", { class: "calendar", role: "dialog", "aria-label": view.t("selectDate"), "data-tab-inside": true }, typed, wrong,
    h("div", { class: "calendar-head" },
      h("button", { type: "button", class: "icon-button", "aria-label": view.t("previousMonth"), on: { click: () => step(-1) } }, icon("left")), title,
      h("button", { type: "button", class: "icon-button", "aria-label": view.t("nextMonth"), on: { click: () => step(1) } }, icon("right"))),
    h("div", { class: "calendar-grid calendar-names", "aria-hidden": "true" }, weekdayNames(view.store.me).map((name) => h("span", null, name))), grid, clear);
  const pick = (chosen) => {
    closePopup({ refocus: true });
    onPick(chosen);
  };
  const draw = (focus = false) => {
    const [year, month] = day.split("-").map(Number);
    title.textContent = monthName(year, month - 1, view.store.me);
    const first = new Date(Date.UTC(year, month - 1, 1));
    const from = first.getTime() - first.getUTCDay() * 86400000;
    replace(grid, [0, 1, 2, 3, 4, 5].map((week) => h("div", { class: "calendar-week", role: "row" }, [0, 1, 2, 3, 4, 5, 6].map((n) => {
      const key = iso(from + (week * 7 + n) * 86400000);
      const outside = key.slice(0, 7) !== day.slice(0, 7);
      return h("button", {
        type: "button", role: "gridcell", class: "day" + (outside ? " outside" : "") + (key === today ? " today" : ""), "data-date": key, tabindex: key === day ? 0 : -1,
        "aria-selected": String(key === value), "aria-label": isoDay(key, view.store.me), on: { click: () => pick(key) },
      }, String(Number(key.slice(8))));
    }))));
    if (focus) grid.querySelector(`[data-date="${day}"]`)?.focus();
  };
  grid.addEventListener("keydown", (event) => {
    const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    if (days) day = iso(Date.parse(day) + days * 86400000);
    else if (event.key === "PageUp") day = addMonths(day, -1);
    else if (event.key === "PageDown") day = addMonths(day, 1);
    else return;
    event.preventDefault();
    draw(true);
  });
  typed.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      draw(true);
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      const day = typedDay(typed.value);
      if (day) pick(day);
      else if (clear && typed.value.trim() === "") pick(null);
      else complain(view.t("wrongDate", { like: today }));
    }
  });
  typed.addEventListener("input", () => complain(""));
  draw();
  if (openPopup(anchor, panel)) draw(true);
}

/** The day of "2026-12-1", "2026/12/01" or "2026年12月1日"; "" when there is none. */
function typedDay(text) {
  const match = text.trim().match(/^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/);
  if (!match) return "";
  const day = `${match[1]}-${match[2].padStart(2, "0")}-${match[3].padStart(2, "0")}`;
  return Number.isNaN(Date.parse(day)) || iso(Date.parse(day)) !== day ? "" : day;
}

function iso(time) {
  return new Date(time).toISOString().slice(0, 10);
}

function addMonths(day, months) {
  const [year, month, date] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return iso(Date.UTC(year, month - 1 + months, Math.min(date, last)));
}

/** A timepicker element; its value is "09:30". It is sent when the field is left or Enter is pressed. */
export function timeField(el, field) {
  const node = timeInput(field);
  node.value = field.value ?? "";
  let sent = node.value;
  const commit = () => {
    if (node.value === sent) return;
    sent = node.value;
    field.set(node.value || null, node);
  };
  node.addEventListener("input", () => field.keep(node.value || null));
  node.addEventListener("blur", commit);
  node.addEventListener("keydown", (event) => { if (event.key === "Enter" && field.acts) { event.preventDefault(); commit(); } });
  return node;
}

function timeInput(field) {
  return h("input", { type: "time", class: "text-input time-field", "aria-labelledby": field.ctx.labelId ?? null, "aria-label": field.ctx.labelId ? null : field.view.t("selectTime"), "aria-describedby": field.ctx.describedBy });
}

/** A datetimepicker element; its value is Unix seconds. */
export function dateTimeField(el, field) {
  const viewer = field.view.store.me;
  const start = field.value ? new Date(field.value * 1000) : null;
  let day = start ? dayKey(start, viewer) : null;
  const time = timeInput(field);
  time.value = start ? clockTime(start, viewer) : "09:00";
  const whole = h("span", { class: "date-time" });
  let sent = field.value;
  const commit = () => {
    const unix = day && time.value ? unixOf(day, time.value, viewer) : null;
    if (unix === sent) return;
    sent = unix;
    field.set(unix, whole);
  };
  const picker = dateField(el, { ...field, value: day, set: (value) => { day = value; commit(); } });
  time.addEventListener("change", commit);
  whole.append(picker, time);
  return whole;
}
