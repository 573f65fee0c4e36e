// Alerts and events over time: lanes of alerts by a field, above them how many events there were.

import { count, h, plural, s, visible } from "../dom";
import type { Alert } from "../types";
import { when } from "./common";

const LANE = 26;
const TOP = 62;
const LANES = 14;
const BINS = 60;
/** Alerts drawn in one lane. */
const BARS = 400;
/** Pixels behind the last event. */
const RIGHT = 20;

/** What lanes can be made of: a field's name, and its value in an alert. */
export function fields(alerts: Alert[]): string[] {
  const names = new Set<string>();
  for (const alert of alerts) Object.keys(alert.aggregate).forEach((name) => names.add(name));
  return ["severity", "rule", "source", ...[...names].slice(0, 12)];
}

function value(alert: Alert, field: string): string {
  if (field === "severity") return `severity ${alert.severity}`;
  if (field === "rule") return alert.rule;
  if (field === "source") return alert.source || "(none)";
  const found = alert.aggregate[field];
  return found === undefined || found === null ? "(none)" : typeof found === "string" ? found : JSON.stringify(found);
}

export interface Chart {
  alerts: Alert[];
  times: Float64Array;
  /** Whether an event is part of an alert. */
  matched: (event: number) => boolean;
  field: string;
  chosen: number;
  /** Pixels that it is wide. */
  width: number;
  /** The event that is stepped to. */
  event: number;
  choose: (alert: number) => void;
}

export function timeline(chart: Chart): HTMLElement {
  const known = [...chart.times].filter((time) => !Number.isNaN(time));
  if (known.length === 0) return h("p", { class: "muted" }, "No event has a time, so there is no time line.");
  let [first, last] = [Infinity, -Infinity];
  for (const time of known) [first, last] = [Math.min(first, time), Math.max(last, time)];
  const span = Math.max(last - first, 1000);
  const width = Math.max(chart.width, 300);
  const left = width < 480 ? 84 : 150;
  const x = (time: number) => left + ((time - first) / span) * (width - left - RIGHT);
  const groups = new Map<string, number[]>();
  chart.alerts.forEach((alert, place) => {
    if (alert.first === null) return;
    const name = value(alert, chart.field);
    groups.set(name, [...(groups.get(name) ?? []), place]);
  });
  const lanes = [...groups].sort(([a, left], [b, right]) => (chart.field === "severity" ? a.localeCompare(b) : right.length - left.length));
  const shown = lanes.slice(0, LANES);
  const height = TOP + shown.length * LANE + 30;
  const svg = s(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "timeline", role: "group", "aria-label": `${plural(chart.alerts.length, "alert")} on a time line by ${chart.field}` },
    ...histogram(chart, first, span, left, width),
    ...shown.flatMap(([name, places], lane) => [
      s("line", { x1: left, x2: width - RIGHT, y1: TOP + lane * LANE + LANE / 2, y2: TOP + lane * LANE + LANE / 2, class: "lane" }),
      s("text", { x: left - 10, y: TOP + lane * LANE + LANE / 2 + 4, "text-anchor": "end", class: "lane-name" }, short(name, left), s("title", {}, visible(name))),
      ...places.slice(0, BARS).map((place) => bar(chart, place, x, TOP + lane * LANE)),
    ]),
    ...axis(first, span, x, height, width < 480 ? 1 : width < 760 ? 2 : 4),
    chart.event >= 0 && !Number.isNaN(chart.times[chart.event] ?? NaN)
      ? s("line", { x1: x(chart.times[chart.event]!), x2: x(chart.times[chart.event]!), y1: 4, y2: height - 24, class: "now" })
      : null,
  );
  const more = lanes.length > LANES ? h("p", { class: "muted" }, `and ${lanes.length - LANES} further lanes`) : null;
  return h("div", { class: "chart", tabindex: "0", role: "region", "aria-label": "Time line" }, svg as unknown as HTMLElement, more);
}

/** As much of a name as has room beside its lane. */
function short(text: string, left: number): string {
  const most = Math.floor((left - 12) / 6.4);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Events in equal stretches of time, those of alerts in another colour. */
function histogram(chart: Chart, first: number, span: number, left: number, width: number): SVGElement[] {
  const all = new Array<number>(BINS).fill(0);
  const hits = new Array<number>(BINS).fill(0);
  chart.times.forEach((time, event) => {
    if (Number.isNaN(time)) return;
    const bin = Math.min(BINS - 1, Math.floor(((time - first) / span) * BINS));
    all[bin]!++;
    if (chart.matched(event)) hits[bin]!++;
  });
  const most = Math.max(...all, 1);
  const wide = (width - left - RIGHT) / BINS;
  const tall = (n: number) => (n === 0 ? 0 : Math.max(1.5, (n / most) * 44));
  return [
    s("text", { x: left - 10, y: 44, "text-anchor": "end", class: "lane-name" }, "events"),
    ...all.flatMap((n, bin) => [
      s("rect", { x: left + bin * wide + 0.5, y: 50 - tall(n), width: wide - 1, height: tall(n), class: "bin" }, s("title", {}, `${count(n)} events, ${count(hits[bin]!)} matched`)),
      hits[bin]! > 0 && s("rect", { x: left + bin * wide + 0.5, y: 50 - tall(hits[bin]!), width: wide - 1, height: tall(hits[bin]!), class: "bin hit" }),
    ]).filter((element): element is SVGElement => element !== false),
  ];
}

function bar(chart: Chart, place: number, x: (time: number) => number, y: number): SVGElement {
  const alert = chart.alerts[place]!;
  const from = x(alert.first!);
  const to = Math.max(x(alert.last ?? alert.first!), from);
  const label = `${when(alert.first_seen)}: ${visible(alert.title)}, ${plural(alert.count, "event")}`;
  return s(
    "g",
    {
      class: `alert s${alert.severity}${place === chart.chosen ? " chosen" : ""}`,
      tabindex: "0",
      role: "button",
      "aria-label": label,
      onclick: () => chart.choose(place),
      onkeydown: (event: KeyboardEvent) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        chart.choose(place);
      },
    },
    s("title", {}, label),
    s("rect", { x: from - 6, y: y + 6, width: to - from + 12, height: LANE - 12, rx: 6 }),
  );
}

function axis(first: number, span: number, x: (time: number) => number, height: number, ticks: number): SVGElement[] {
  return Array.from({ length: ticks + 1 }, (_, tick) => {
    const time = first + (span * tick) / ticks;
    const text = when(new Date(time).toISOString());
    const anchor = tick === 0 ? "start" : tick === ticks ? "end" : "middle";
    return s("text", { x: x(time), y: height - 8, "text-anchor": anchor, class: "tick" }, text);
  });
}
