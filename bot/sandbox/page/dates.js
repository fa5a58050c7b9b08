// Times in the viewer's zone and language. All of them take a Date and a viewer ({tz, locale}).

/** Whether the page speaks Japanese to this user. */
export function languageOf(user) {
  return /^ja/i.test(user?.locale ?? "") ? "ja" : "en";
}

const formatters = new Map();

function format(date, viewer, options) {
  const language = languageOf(viewer) === "ja" ? "ja-JP" : /^en-GB/i.test((viewer?.locale ?? "").replace("_", "-")) ? "en-GB" : "en-US";
  const key = JSON.stringify([language, viewer?.tz, options]);
  let formatter = formatters.get(key);
  if (!formatter) {
    try {
      formatter = new Intl.DateTimeFormat(language, { ...options, timeZone: viewer?.tz || undefined });
    } catch {
      formatter = new Intl.DateTimeFormat(language, options);
    }
    formatters.set(key, formatter);
  }
  return { text: formatter.format(date), parts: () => Object.fromEntries(formatter.formatToParts(date).map((p) => [p.type, p.value])) };
}

/** The Date of a Slack timestamp. */
export function dateOfTs(ts) {
  return new Date(Number(String(ts).split(".")[0]) * 1000 + Number("0." + (String(ts).split(".")[1] ?? "0")) * 1000);
}

/** "10:31" in Japanese, "10:31 AM" in English. */
export function timeOfDay(date, viewer) {
  return languageOf(viewer) === "ja"
    ? format(date, viewer, { hour: "numeric", minute: "2-digit", hourCycle: "h23" }).text
    : format(date, viewer, { hour: "numeric", minute: "2-digit" }).text;
}

/** The calendar day as "2026-11-22", for comparing and for pickers. */
export function dayKey(date, viewer) {
  const parts = format(date, viewer, { year: "numeric", month: "2-digit", day: "2-digit", calendar: "gregory", numberingSystem: "latn" }).parts();
  return `${parts.year}-${parts.month.padStart(2, "0")}-${parts.day.padStart(2, "0")}`;
}

/** "Sunday, November 22" or "11月22日(日)"; with the year where it is not `now`'s. */
export function longDay(date, viewer, now) {
  const year = now && dayKey(date, viewer).slice(0, 4) !== dayKey(now, viewer).slice(0, 4) ? { year: "numeric" } : {};
  if (languageOf(viewer) === "ja") {
    const p = format(date, viewer, { ...year, month: "numeric", day: "numeric", weekday: "short" }).parts();
    return `${p.year ? p.year + "年" : ""}${p.month}月${p.day}日(${p.weekday})`;
  }
  return format(date, viewer, { ...year, weekday: "long", month: "long", day: "numeric" }).text;
}

/** "Sun, Nov 22" or "11/22(日)". */
export function shortDay(date, viewer) {
  if (languageOf(viewer) === "ja") {
    const p = format(date, viewer, { month: "numeric", day: "numeric", weekday: "short" }).parts();
    return `${p.month}/${p.day}(${p.weekday})`;
  }
  return format(date, viewer, { weekday: "short", month: "short", day: "numeric" }).text;
}

/** "November 22, 2026" or "2026年11月22日". */
export function fullDate(date, viewer) {
  return format(date, viewer, { year: "numeric", month: languageOf(viewer) === "ja" ? "numeric" : "long", day: "numeric" }).text;
}

/** The day of a divider: today, yesterday or the date. */
export function dividerDay(date, viewer, now, t) {
  const key = dayKey(date, viewer);
  if (key === dayKey(now, viewer)) return t("today");
  if (key === dayKey(new Date(now.getTime() - 86400000), viewer)) return t("yesterday");
  return longDay(date, viewer, now);
}

/** The name of a person's zone in the reader's language: "Asia/Tokyo" is "Tokyo" or "日本時間". */
export function zoneName(person, reader = person) {
  const city = (person?.tz ?? "").split("/").pop().replaceAll("_", " ");
  if (languageOf(reader) !== "ja" || !city) return city;
  return format(new Date(), { ...reader, tz: person.tz }, { timeZoneName: "shortGeneric" }).parts().timeZoneName ?? city;
}

/** The date "2026-11-22" as people of the viewer's language write it. */
export function isoDay(iso, viewer) {
  const date = new Date(iso + "T12:00:00Z");
  if (Number.isNaN(date.getTime())) return iso;
  return longDay(date, { ...viewer, tz: "UTC" }, null).replace(/^/, languageOf(viewer) === "ja" ? iso.slice(0, 4) + "年" : "")
    + (languageOf(viewer) === "ja" ? "" : `, ${iso.slice(0, 4)}`);
}

/** The month "2026-11" as a heading. */
export function monthName(year, month, viewer) {
  return format(new Date(Date.UTC(year, month, 15, 12)), { ...viewer, tz: "UTC" }, { year: "numeric", month: "long" }).text;
}

/** The seven short weekday names, beginning on Sunday. */
export function weekdayNames(viewer) {
  return [1, 2, 3, 4, 5, 6, 7].map((day) => format(new Date(Date.UTC(2023, 0, day, 12)), { ...viewer, tz: "UTC" }, { weekday: "narrow" }).text);
}

/** The unix time at which the wall clock of the viewer's zone shows `day` and `time` ("2026-11-22", "09:30"). */
export function unixOf(day, time, viewer) {
  const guess = Date.parse(`${day}T${time}:00Z`);
  if (Number.isNaN(guess)) return null;
  let at = guess;
  for (let i = 0; i < 2; i += 1) {
    const shown = new Date(at);
    const wall = Date.parse(`${dayKey(shown, viewer)}T${clockTime(shown, viewer)}:00Z`);
    at += guess - wall;
  }
  return Math.round(at / 1000);
}

/** "09:30" in the viewer's zone, whatever the language. */
export function clockTime(date, viewer) {
  const parts = format(date, { ...viewer, locale: "en-US" }, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).parts();
  return `${parts.hour}:${parts.minute}`;
}

/** Slack's `<!date^unix^format|fallback>`: fills the tokens of `template` for the viewer. */
export function dateTokens(unix, template, viewer, now, t) {
  const date = new Date(unix * 1000);
  const pretty = (plain) => {
    const key = dayKey(date, viewer);
    if (key === dayKey(now, viewer)) return t("today");
    if (key === dayKey(new Date(now.getTime() - 86400000), viewer)) return t("yesterday");
    if (key === dayKey(new Date(now.getTime() + 86400000), viewer)) return t("tomorrow");
    return plain;
  };
  const short = () => format(date, viewer, { year: "numeric", month: "short", day: "numeric" }).text;
  const long = () => format(date, viewer, { year: "numeric", month: "long", day: "numeric", weekday: "long" }).text;
  const values = {
    date_num: () => dayKey(date, viewer),
    date_slash: () => dayKey(date, viewer).replaceAll("-", "/"),
    date: () => fullDate(date, viewer),
    date_short: short,
    date_long: long,
    date_pretty: () => pretty(fullDate(date, viewer)),
    date_short_pretty: () => pretty(short()),
    date_long_pretty: () => pretty(long()),
    time: () => timeOfDay(date, viewer),
    time_secs: () => format(date, viewer, { hour: "numeric", minute: "2-digit", second: "2-digit" }).text,
    ago: () => relative(date, now, viewer),
    day_divider_pretty: () => pretty(longDay(date, viewer, now)),
  };
  return template.replace(/\{(\w+)\}/g, (token, name) => values[name]?.() ?? token);
}

function relative(date, now, viewer) {
  const seconds = (date.getTime() - now.getTime()) / 1000;
  const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? ["minute", 60];
  return new Intl.RelativeTimeFormat(languageOf(viewer), { numeric: "auto" }).format(Math.round(seconds / size), unit);
}
