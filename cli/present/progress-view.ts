import { formatBytes } from './format-bytes.js';
import type { ProgressEvent } from './progress.js';
import { RateWindow } from './rate-window.js';

/** Where progress is drawn; a terminal. */
export interface ProgressScreen {
  write(text: string): unknown;
  readonly columns?: number | undefined;
}

export interface ProgressViewOptions {
  readonly screen: ProgressScreen;
  /** Makes text harmless that others chose. */
  readonly clean: (text: string) => string;
  /** No cursor movement is understood (`TERM=dumb`): a plain line now and then. */
  readonly dumb?: boolean;
  /** Milliseconds of a steady clock. */
  readonly now?: () => number;
}

interface Item {
  readonly name: string;
  readonly size: number;
  done: number;
  readonly rate: RateWindow;
}

/** Frames are at least this far apart. */
const FRAME_MS = 100;
/** Without events, rates still fall. */
const TICK_MS = 500;
const DUMB_MS = 5000;
/** Lines for single pieces of content; the rest is in the total. */
const MAX_ITEMS = 4;
const BAR_CELLS = 20;
const DEFAULT_COLUMNS = 80;

/** Lines at the bottom of a terminal that show what is under way, drawn in one write, gone when it is over. */
export class ProgressView {
  readonly #screen: ProgressScreen;
  readonly #clean: (text: string) => string;
  readonly #dumb: boolean;
  readonly #now: () => number;
  readonly #items = new Map<string, Item>();
  #total: RateWindow;
  #planned = 0;
  /** Bytes of what is finished. */
  #settled = 0;
  #count = { planned: 0, finished: 0 };
  #message: string | undefined;
  #operation = '';
  #lines = 0;
  #drawn = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor({ screen, clean, dumb = false, now = () => performance.now() }: ProgressViewOptions) {
    this.#screen = screen;
    this.#clean = clean;
    this.#dumb = dumb;
    this.#now = now;
    this.#total = new RateWindow(now);
  }

  event(event: ProgressEvent): void {
    if (!this.#take(event)) return;
    if (!this.#dumb && this.#timer === undefined) {
      this.#timer = setInterval(() => this.#draw(), TICK_MS);
      this.#timer.unref();
    }
    if (this.#now() - this.#drawn >= (this.#dumb ? DUMB_MS : FRAME_MS)) this.#draw();
  }

  /** Takes the lines away; the next event draws them again. */
  clear(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#lines > 0) this.#screen.write(`${up(this.#lines)}\r\u001b[J`);
    this.#lines = 0;
    this.#drawn = Number.NEGATIVE_INFINITY;
  }

  #take(event: ProgressEvent): boolean {
    if (event.event === 'transfer.plan') {
      this.#operation = String(event['operation']);
      this.#planned += Number(event['bytes']);
      this.#count.planned += Number(event['items']);
      return true;
    }
    if (event.event === 'transfer.progress') {
      this.#advance(event);
      return true;
    }
    if (event.event === 'transfer.item') {
      this.#items.delete(String(event['digest']));
      this.#settled += Number(event['size']);
      this.#count.finished += 1;
      return true;
    }
    if (event.message === undefined) return false;
    this.#message = event.message;
    return true;
  }

  #advance(event: ProgressEvent): void {
    const [done, resumed] = [Number(event['done']), Number(event['resumed'])];
    const key = String(event['digest']);
    const item = this.#items.get(key) ?? {
      name: String(event['name'] ?? key.slice(0, 19)),
      size: Number(event['size']),
      done: resumed,
      rate: new RateWindow(this.#now),
    };
    this.#operation = String(event['operation']);
    this.#items.set(key, item);
    const fresh = Math.max(0, done - item.done);
    item.done = done;
    item.rate.add(fresh);
    this.#total.add(fresh);
  }

  #draw(): void {
    this.#drawn = this.#now();
    const lines = this.#text();
    if (lines.length === 0) return;
    if (this.#dumb) {
      this.#screen.write(`${lines.at(-1)}\n`);
      return;
    }
    const width = Math.max(10, (this.#screen.columns ?? DEFAULT_COLUMNS) - 1);
    const frame = lines
      .map((line) => `${[...this.#clean(line)].slice(0, width).join('')}\u001b[K`)
      .join('\n');
    this.#screen.write(`${up(this.#lines)}\r${frame}${this.#lines > lines.length ? '\u001b[J' : ''}`);
    this.#lines = lines.length;
  }

  #text(): readonly string[] {
    const items = [...this.#items.values()];
    const shown = items.slice(0, MAX_ITEMS).map((item) => this.#line(item.name, item));
    const waiting = items.length === 0 && this.#count.finished >= this.#count.planned;
    if (waiting) return this.#message === undefined ? [] : [this.#message];
    const several = this.#count.planned > 1 || items.length > 1;
    if (!several) return shown;
    const done = items.reduce((sum, item) => sum + item.done, this.#settled);
    const size = Math.max(this.#planned, done);
    const count = `${this.#count.finished}/${this.#count.planned}`;
    return [...shown, this.#line(`${this.#operation} ${count}`, { done, size, rate: this.#total })];
  }

  #line(name: string, { done, size, rate }: Pick<Item, 'done' | 'size' | 'rate'>): string {
    const speed = rate.perSecond();
    const filled = size === 0 ? BAR_CELLS : Math.min(BAR_CELLS, Math.floor((done / size) * BAR_CELLS));
    const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}`;
    const label = [...name].length > 28 ? `${[...name].slice(0, 27).join('')}…` : name.padEnd(28);
    const figures = `${formatBytes(done)} of ${formatBytes(size)}`;
    if (speed === undefined) return `${label} ${bar} ${figures}`;
    const eta = speed > 0 ? formatDuration((size - done) / speed) : '--:--';
    return `${label} ${bar} ${figures}  ${formatBytes(Math.round(speed))}/s  ETA ${eta}`;
  }
}

function up(lines: number): string {
  return lines > 1 ? `\u001b[${lines - 1}A` : '';
}

/** `m:ss`, or `h:mm:ss` from an hour on. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole >= 360_000) return '>99 h';
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
