// The book's rules beside the messages: where each account stands with each playbook, and why; what a playbook does, in
// plain sentences; and what saving a file of the book just did. The bot answers for it: without one there is no panel.

import { h, icon, replace } from "./dom.js";
import { letGo } from "./press.js";

const address = "/sandbox/rules";
const marks = { playing: "▶", pending: "…", suppressed: "◦", unknown: "?", quiet: "✓", outside: "·" };

/** The panel with the button that opens it, as {button, node, render}. */
export function rulesPanel(view) {
  const label = h("span", { class: "rules-button-text" });
  const button = h("button", { type: "button", class: "rules-button", hidden: true, "data-testid": "rules-open", "aria-expanded": "false" }, icon("eye", 16), label);
  const title = h("h2", { id: "rules-title" });
  const news = h("div", { class: "rules-news", role: "status", "data-testid": "rules-news" });
  const detail = h("div", { class: "rules-detail", "data-testid": "rules-detail", tabindex: -1 });
  const table = h("div", { class: "rules-table", tabindex: 0, "data-testid": "rules-table" });
  const close = h("button", { type: "button", class: "icon-button", "data-testid": "rules-close" }, icon("close"));
  const node = h("section", { class: "rules", role: "dialog", "aria-modal": "false", "aria-labelledby": "rules-title", hidden: true, "data-testid": "rules" },
    h("header", { class: "conversation-head" }, h("div", { class: "head-title" }, title), close), news, h("div", { class: "rules-body" }, table, detail));
  let data = null;
  let chosen = null;
  let asking = false;
  let drawn = "";
  let timer = null;
  let absent = false;

  const show = (open) => {
    node.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    clearInterval(timer);
    if (open) {
      timer = setInterval(ask, 1000); // a file may be saved at any time
      ask().then(() => close.focus());
    } else {
      button.focus();
    }
  };
  button.addEventListener("click", () => show(node.hidden));
  close.addEventListener("click", () => show(false));
  document.addEventListener("keydown", (event) => {
    if (node.hidden || event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    show(false);
  });

  async function ask() {
    if (asking) return;
    asking = true;
    try {
      const response = await fetch(`${address}?lang=${view.language}`, { cache: "no-store" });
      absent = response.status === 404;
      if (response.ok) data = await response.json();
    } catch {
      data = null; // the page says already that the sandbox does not answer
    } finally {
      asking = false;
    }
    await letGo();
    draw();
  }

  function draw() {
    const { t } = view;
    button.hidden = absent;
    label.textContent = t("rules");
    button.title = t("rulesTitle");
    close.setAttribute("aria-label", t("close"));
    if (node.hidden || !data) return;
    const signature = JSON.stringify([view.language, data, chosen]);
    if (signature === drawn) return;
    drawn = signature;
    title.textContent = t("rulesTitle");
    replace(news, newsOf(data.book, t, view.language));
    drawTable(t);
    drawDetail(t);
  }

  function drawTable(t) {
    const kept = { left: table.scrollLeft, top: table.scrollTop };
    const judged = data.playbooks.filter((p) => p.rule);
    const others = data.playbooks.filter((p) => !p.rule);
    const head = h("tr", null, h("td", null), judged.map((p) => h("th", { scope: "col" }, headButton(p))));
    const rows = data.accounts.map((a) => h("tr", null, h("th", { scope: "row" }, a.name), judged.map((p) => h("td", null, cell(a, p, t)))));
    replace(table, h("table", null, h("thead", null, head), h("tbody", null, rows)),
      others.length > 0 && h("p", { class: "rules-others" }, t("rulesOthers"), " ", others.map((p) => headButton(p))),
      h("ul", { class: "rules-key" }, Object.keys(marks).map((s) => h("li", null, h("span", { class: `standing ${s}`, "aria-hidden": "true" }, marks[s]), " ", t("standing_" + s)))));
    table.scrollTo(kept);
    table.setAttribute("aria-label", t("rulesTitle"));
  }

  function headButton(p) {
    return h("button", { type: "button", class: "rules-name", "data-playbook": p.name, "aria-pressed": String(chosen?.playbook === p.name && !chosen.account), on: { click: () => choose({ playbook: p.name }) } }, p.title);
  }

  function cell(a, p, t) {
    const s = a.rules[p.name];
    if (!s) return null;
    const here = chosen?.playbook === p.name && chosen.account === a.id;
    return h("button", { type: "button", class: `standing ${s.standing}`, "data-account": a.id, "data-playbook": p.name, "data-standing": s.standing,
      "aria-pressed": String(here), title: s.text, "aria-label": `${a.name}, ${p.title}: ${t("standing_" + s.standing)}`, on: { click: () => choose({ playbook: p.name, account: a.id, why: "" }) } }, marks[s.standing]);
  }

  async function choose(next) {
    chosen = next;
    draw();
    if (!next.account) return;
    try {
      const response = await fetch(`/v1/accounts/${encodeURIComponent(next.account)}/explain/${encodeURIComponent(next.playbook)}?lang=${view.language}`, { cache: "no-store" });
      const answer = await response.json();
      if (chosen === next) chosen = { ...next, why: answer.text ?? answer.error ?? "" };
    } catch {
      view.problem(view.t("noAnswer"));
    }
    await letGo();
    draw();
  }

  function drawDetail(t) {
    const p = data.playbooks.find((one) => one.name === chosen?.playbook);
    if (!p) {
      replace(detail, h("p", { class: "quiet" }, t("rulesHint")));
      return;
    }
    const account = data.accounts.find((a) => a.id === chosen.account);
    const why = account && h("div", { class: "rules-why", "data-testid": "rules-why" }, (chosen.why ?? "").replaceAll("`", "").split("\n").slice(1).map((line) => h("p", { style: { "--indent": `${line.match(/^ */)[0].length}ch` } }, line.trim())));
    replace(detail, account && h("h3", null, account.name, " · ", p.title), why,
      h("h3", null, t("rulesOutline"), account ? "" : ` · ${p.title}`),
      h("div", { class: "rules-outline", "data-testid": "rules-outline" }, p.outline.map((line) => h("p", { class: `depth-${line.depth}` }, line.text))));
  }

  const render = () => {
    const key = `${view.language}/${view.store.snapshot?.rev}`;
    if (render.seen === key) return;
    render.seen = key;
    if (!node.hidden || !data || label.textContent !== view.t("rules")) ask();
  };
  return { button, node, render };
}

// What saving the book did: which playbooks are other ones, what that means for people's work, or what is wrong.
function newsOf(book, t, language) {
  const parts = [];
  if (book.errors?.length > 0) {
    parts.push(h("p", { class: "rules-bad" }, t(book.errors.length === 1 ? "bookBadOne" : "bookBad", { n: book.errors.length })),
      h("pre", null, book.errors.slice(0, 5).map((e) => `${e.file}:${e.line}:${e.column}: ${e.level}: ${e.message}${e.suggestion ? "; " + e.suggestion : ""}${e.fix ? "\n    " + e.fix : ""}`).join("\n")));
  }
  const last = parts.length === 0 && book.last_change; // what changed before is no news beside a mistake
  if (last) {
    const changed = Object.entries(last.playbooks_changed ?? {}).map(([name, how]) => how === "changed" ? name : `${name} (${t("book_" + how)})`);
    if (last.shared) changed.push(t("bookShared"));
    parts.push(h("p", null, t("bookChanged", { what: changed.join(", ") || t("bookNothing") })));
    const prompts = (last.prompts ?? []).map((one) => ({ ...one, name: one.names?.[language] ?? one.names?.en ?? one.person, by: rounded(one.after - one.before), drafts: rounded(one.drafts ?? 0) }));
    const other = prompts.filter((one) => one.by !== 0);
    for (const one of other) parts.push(h("p", { class: "rules-prompts" }, t("bookPrompts", { by: plus(one.by), name: one.name, before: rounded(one.before), after: rounded(one.after) })));
    if (last.weeks > 0 && other.length === 0) parts.push(h("p", null, t("bookSame")));
    for (const one of prompts.filter((one) => one.drafts > 0)) parts.push(h("p", null, t("bookDrafts", { by: plus(one.drafts), name: one.name })));
  }
  if (parts.length === 0) parts.push(h("p", { class: "quiet" }, book.dir ? t("bookWatched", { dir: book.dir }) : t("bookStarter")));
  return parts;
}

// One decimal, as ops are told.
function rounded(number) {
  return Math.round(number * 10) / 10;
}

function plus(by) {
  return (by > 0 ? "+" : "−") + Math.abs(by);
}
