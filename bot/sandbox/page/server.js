// The sandbox's JSON calls and its stream of changes. Contracts: GET /sandbox/state, /sandbox/events and the POST calls
// beside them.

const base = "/sandbox/";

/** An answer that was not a success; `status` is 0 when no answer came. `message` is fit to show. */
export class CallError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Fetches the workspace as all its people see it, with the newest `limit` messages of each conversation. */
export function fetchState(limit) {
  return call("GET", `state?limit=${limit}`);
}

/** Posts one call and returns its decoded answer; throws CallError with the server's words when it is refused. */
export function post(name, body) {
  return call("POST", name, body);
}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(base + path, {
      method,
      cache: "no-store",
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch (cause) {
    throw new CallError("", 0);
  }
  const text = await response.text();
  let decoded = null;
  try {
    decoded = text === "" ? {} : JSON.parse(text);
  } catch {
    decoded = null;
  }
  if (!response.ok) throw new CallError(errorText(decoded) || text.trim() || response.statusText, response.status);
  return decoded ?? {};
}

/** The words of a refusal, whichever field carries them. */
export function errorText(answer) {
  if (!answer || typeof answer !== "object") return "";
  const error = answer.error ?? answer.message ?? "";
  return typeof error === "string" ? error : (error.message ?? JSON.stringify(error));
}

/**
 * Calls `onChange` whenever the workspace changes: by server-sent events, and by asking every second while those do not
 * come. `onLink` hears true and false as the stream comes and goes.
 */
export function followChanges(onChange, onLink) {
  let poll = null;
  const startPolling = () => { poll ??= setInterval(onChange, 1000); };
  const stopPolling = () => { clearInterval(poll); poll = null; };

  if (typeof EventSource === "undefined") {
    startPolling();
    return;
  }
  const connect = () => {
    const events = new EventSource(base + "events");
    events.onopen = () => { stopPolling(); onLink(true); onChange(); };
    events.onmessage = () => onChange();
    events.onerror = () => {
      onLink(false);
      startPolling();
      if (events.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
    };
  };
  connect();
}
