// What the page knows, and what happens when it changes. Views are told; they draw.

import { check } from "./editor/language";
import { Editor } from "./editor/editor";
import { Broken, Engine, Reading } from "./engine";
import { count, plural } from "./dom";
import { read_bytes } from "../engine/engine.js";
import { ruleFile, sample, SAMPLES } from "./samples";
import type { Shared } from "./share";
import { Outcome, type Checked, type ColumnCount, type Keys, type Progress, type Question, type ReadAnswer, type Rule } from "./types";

export type Mode = "filter" | "file";

/** Where the events are from: to load them again, and to say it in a link. */
export type Source = { kind: "none" } | { kind: "sample"; id: string } | { kind: "text"; text: string } | { kind: "files"; files: File[] };

/** What may change. */
export type Change = "text" | "problems" | "events" | "verdicts" | "done" | "selection" | "rules" | "loading" | "page";

export interface Loading {
  name: string;
  bytes: number;
  total: number;
  events: number;
}

export class App {
  readonly engine = new Engine();
  readonly editor: Editor;
  readonly texts: Record<Mode, string> = { filter: "", file: "" };
  mode: Mode = "filter";
  page: "write" | "rules" = "write";
  checked: Checked = { problems: [], ok: true };
  /** False where the text asks nothing for the moment, so that verdicts are of an older one. */
  current = true;
  rules: Rule[] = [];
  /** The rule whose verdicts are shown; -1 for all. */
  column = -1;
  columns: ColumnCount[] = [];
  outcomes: Uint8Array = new Uint8Array();
  unseen: string[] = [];
  milliseconds = 0;
  /** How many questions have been answered to the end. */
  answers = 0;
  finished = true;
  events = 0;
  selected = -1;
  source: Source = { kind: "none" };
  read: ReadAnswer | null = null;
  loading: Loading | null = null;
  keys: Keys = { events: 0, keys: [] };
  private reading: Reading | undefined;
  private listeners: ((change: Change) => void)[] = [];
  private asked = 0;
  private files: Question | null = null;

  constructor(readonly say: (message: string, kind?: "error") => void) {
    this.editor = new Editor({
      keys: () => this.keys,
      lists: () => this.checked.lists ?? [],
      changed: (text, mode) => this.textChanged(text, mode),
      say: (message) => say(message),
    });
    this.engine.onprogress = (progress) => this.progress(progress);
    this.engine.onbroken = (message) => this.restart(message);
  }

  on(listener: (change: Change) => void): void {
    this.listeners.push(listener);
  }

  tell(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }

  /** Runs something that may fail; the failure is said and nothing is left waiting. */
  async try<T>(what: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      // A broken engine says so itself.
      if (!(error instanceof Broken)) this.say(`${what}: ${error instanceof Error ? error.message : error}`, "error");
      return undefined;
    }
  }

  // ---- the text ----

  open(mode: Mode, text: string): void {
    this.mode = mode;
    this.texts[mode] = text;
    this.column = -1;
    this.editor.open(mode, text);
    this.textChanged(text, mode);
  }

  /** Turns to the other mode, keeping what is written in both. */
  switchTo(mode: Mode): void {
    if (mode === this.mode) return;
    let text = this.texts[mode];
    if (mode === "file" && text === "") text = ruleFile(this.texts.filter, this.template());
    if (mode === "filter" && text === "") text = this.rules[Math.max(0, this.column)]?.filter ?? "";
    this.open(mode, text);
  }

  /** What a rule made here is about, by the events at hand. */
  template(): { type: string; title: string; aggregate: string[] } {
    const known = this.source.kind === "sample" ? sample(this.source.id) : undefined;
    return known ?? { type: "CloudTrail", title: "{{eventName}} by {{user}} from {{ip}}", aggregate: ["eventName", "user", "ip"] };
  }

  private textChanged(text: string, mode: Mode): void {
    this.texts[mode] = text;
    this.tell("text");
    this.checked = check(text, mode);
    this.editor.mark(this.checked.problems);
    this.tell("problems");
    void this.ask();
  }

  private question(): Question {
    if (this.mode === "filter") return { kind: "filter", text: this.texts.filter };
    return { kind: "files", files: [["rules.yaml", this.texts.file]] };
  }

  /** Asks the events with what is written, or with other files until the text changes. */
  async ask(files?: [string, string][]): Promise<void> {
    const mine = ++this.asked;
    this.files = files ? { kind: "files", files } : null;
    const question = this.files ?? this.question();
    if (question.kind === "filter" && this.blank) {
      this.current = this.finished = true;
      this.columns = [];
      this.unseen = [];
      this.outcomes = new Uint8Array(this.events);
      this.tell("verdicts");
      this.tell("selection");
      return;
    }
    if (question.kind === "filter" && !this.checked.ok) {
      this.current = false;
      this.tell("verdicts");
      return;
    }
    this.finished = false;
    const answer = await this.try("The rules could not be used", () =>
      this.engine.call<{ accepted: boolean; rules: Rule[] }>("ask", question, performance.timeOrigin + performance.now()),
    );
    if (mine !== this.asked || !answer) return;
    this.current = answer.accepted;
    if (answer.accepted) {
      this.rules = answer.rules;
      if (this.column >= this.rules.length) await this.choose(-1);
      this.tell("rules");
    } else this.finished = true;
    this.tell("verdicts");
  }

  private progress(progress: Progress): void {
    // The worker may still be busy with what was asked before.
    if (this.blank && !this.files) return;
    this.outcomes = progress.outcomes;
    this.columns = progress.columns;
    this.finished = progress.finished;
    this.events = progress.total;
    if (progress.finished) {
      this.answers++;
      this.unseen = progress.unseen;
      this.milliseconds = progress.milliseconds;
    }
    this.tell("verdicts");
    if (progress.finished) this.tell("done");
  }

  /** Whether nothing is asked: an empty filter. */
  get blank(): boolean {
    return this.page === "write" && this.mode === "filter" && this.texts.filter.trim() === "";
  }

  /** Shows the verdicts of one rule, or of all. */
  async choose(column: number): Promise<void> {
    this.column = column;
    const answer = await this.try("The verdicts could not be read", () =>
      this.engine.call<{ outcomes: Uint8Array }>("column", column),
    );
    if (!answer) return;
    this.outcomes = answer.outcomes;
    this.tell("rules");
    this.tell("verdicts");
    this.tell("selection");
  }

  /** How many events have each outcome. */
  counts(): number[] {
    const counts = new Array<number>(6).fill(0);
    for (const outcome of this.outcomes) counts[outcome]!++;
    return counts;
  }

  // ---- the events ----

  select(event: number): void {
    this.selected = event;
    this.tell("selection");
  }

  async loadSample(id: string): Promise<void> {
    const known = sample(id) ?? SAMPLES[0]!;
    const text = await this.try("The sample could not be loaded", known.events);
    if (text !== undefined) await this.loadText(text, { kind: "sample", id: known.id });
  }

  async loadText(text: string, source: Source = { kind: "text", text }): Promise<void> {
    await this.load(source, async (take) => {
      const read = read_bytes(new TextEncoder().encode(text));
      const length = new DataView(read.buffer, read.byteOffset).getUint32(0, true);
      const answer = JSON.parse(new TextDecoder().decode(read.subarray(4, 4 + length))) as ReadAnswer;
      await take(read.slice(4 + length));
      return answer;
    });
  }

  async loadFiles(files: File[]): Promise<void> {
    const total = files.reduce((sum, file) => sum + file.size, 0);
    await this.load({ kind: "files", files }, async (take) => {
      const sum: ReadAnswer = { events: 0, rejected: 0, skipped: 0, told: [], error: null };
      let before = 0;
      for (const file of files) {
        this.loading = { name: file.name, bytes: before, total, events: this.events };
        this.tell("loading");
        const answer = await this.reading!.read(file, (batch, bytes) => {
          this.loading = { name: file.name, bytes: before + bytes, total, events: this.events };
          this.tell("loading");
          void take(batch);
        });
        before += file.size;
        sum.events += answer.events;
        sum.rejected += answer.rejected;
        sum.skipped += answer.skipped;
        sum.told.push(...answer.told.map((line) => (files.length > 1 ? `${file.name}: ${line}` : line)));
        if (answer.error) sum.error = `${file.name}: ${answer.error}`;
      }
      return sum;
    });
  }

  stopLoading(): void {
    this.reading?.stop();
  }

  private async load(source: Source, run: (take: (batch: Uint8Array) => Promise<void>) => Promise<ReadAnswer>): Promise<void> {
    this.reading?.stop();
    const reading = new Reading();
    this.reading = reading;
    this.source = source;
    this.read = null;
    this.selected = -1;
    this.events = 0;
    this.outcomes = new Uint8Array();
    this.finished = false;
    await this.try("The events could not be loaded", async () => {
      await this.engine.call("clear");
      const taken: Promise<void>[] = [];
      try {
        this.read = await run((batch) => {
          const done = this.engine.add(batch).then((events) => {
            if (this.reading === reading) this.events = events;
          });
          taken.push(done);
          return done;
        });
      } catch (error) {
        if (!reading.stopped) throw error;
        if (this.reading === reading) this.say("Reading was stopped. What had been read until then is here.");
      } finally {
        await Promise.allSettled(taken);
        if (this.reading === reading) {
          this.loading = null;
          this.tell("loading");
        }
      }
      if (this.reading !== reading) return;
      this.finished = this.events === 0;
      this.tell("events");
      await this.ask(this.files?.kind === "files" ? this.files.files : undefined);
      if (!this.blank) await this.engine.call("goOn");
      this.keys = await this.engine.call<Keys>("keys");
      this.tell("events");
    });
  }

  /** A line about what was loaded. */
  loaded(): string {
    const read = this.read;
    if (!read) return plural(this.events, "event");
    const parts = [plural(read.events, "event")];
    if (read.rejected > 0) parts.push(`${count(read.rejected)} rejected`);
    if (read.skipped > 0) parts.push(`${count(read.skipped)} passed over`);
    if (read.error) parts.push(read.error);
    return parts.join(", ");
  }

  private async restart(message: string): Promise<void> {
    this.say(`The engine stopped (${message}). It was started again; the events are loaded anew.`, "error");
    await this.try("The engine could not be started", async () => {
      await this.engine.start();
      await this.reload();
    });
  }

  private async reload(): Promise<void> {
    const source = this.source;
    if (source.kind === "sample") await this.loadSample(source.id);
    else if (source.kind === "text") await this.loadText(source.text, source);
    else if (source.kind === "files") await this.loadFiles(source.files);
  }

  // ---- links ----

  /** What a link would carry. */
  async shared(withEvents: boolean): Promise<Shared> {
    const state: Shared = { v: 1, mode: this.mode, text: this.texts[this.mode] };
    if (this.source.kind === "sample") state.sample = this.source.id;
    else if (withEvents) state.events = await this.engine.call<string>("lines");
    if (this.selected >= 0 && (state.sample || state.events)) state.pick = this.selected;
    return state;
  }

  async openShared(state: Shared): Promise<void> {
    if (state.events !== undefined) await this.loadText(state.events);
    else if (state.sample) await this.loadSample(state.sample);
    this.open(state.mode, state.text);
    if (state.pick !== undefined && state.pick < this.events) this.select(state.pick);
  }

  /** The first event that matched, to begin with. */
  firstMatch(): number {
    const at = this.outcomes.indexOf(Outcome.Matched);
    return at >= 0 ? at : this.outcomes.length > 0 ? 0 : -1;
  }
}
