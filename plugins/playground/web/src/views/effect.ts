// What a change of rules does to the alerts over the loaded events.

import { count, h, plural } from "../dom";
import type { Brief, Effect } from "../types";
import { badge, when } from "./common";

const SHOWN = 8;

export function effect(found: Effect): HTMLElement {
  const same = found.gained.length + found.lost.length + found.louder.length + found.quieter.length === 0;
  return h(
    "div",
    { class: "effect" },
    h(
      "p",
      {},
      h("b", {}, `${count(found.before)} → ${plural(found.after, "alert")}`),
      `, of ${count(found.events_before)} → ${plural(found.events_after, "event")}`,
      same ? ": nothing changes over these events." : "",
    ),
    part("Gained", "gained", found.gained),
    part("Lost", "lost", found.lost),
    part("Louder", "louder", found.louder),
    part("Quieter", "quieter", found.quieter),
  );
}

function part(name: string, kind: string, alerts: Brief[]): HTMLElement | null {
  if (alerts.length === 0) return null;
  return h(
    "div",
    { class: `part ${kind}` },
    h("h4", {}, `${name} `, h("b", {}, count(alerts.length))),
    h(
      "ul",
      {},
      ...alerts.slice(0, SHOWN).map((alert) =>
        h("li", {}, badge(alert.severity), h("span", { class: "time" }, when(alert.first_seen)), h("span", {}, alert.title), h("span", { class: "muted" }, ` ${count(alert.count)}×`)),
      ),
      alerts.length > SHOWN && h("li", { class: "muted" }, `and ${count(alerts.length - SHOWN)} more`),
    ),
  );
}
