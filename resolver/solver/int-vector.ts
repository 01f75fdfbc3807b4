/** An Int32Array that owns its memory, so that one may replace another. */
export type Ints = Int32Array<ArrayBuffer>;

/** A growing Int32Array. `data` moves when it grows: read it anew after a push. */
export class IntVector {
  data: Ints;
  length = 0;

  constructor(capacity = 64) {
    this.data = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.data.length) this.reserve(1);
    this.data[this.length++] = value;
  }

  /** Room for `count` more values, zero or left over; returns where they start. */
  extend(count: number): number {
    this.reserve(count);
    const start = this.length;
    this.length += count;
    return start;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.data.length) return;
    this.data = grown(this.data, this.length + count);
  }
}

/** A copy with room for at least `needed` values, doubling so that growth is amortised. */
export function grown(data: Int32Array, needed: number): Ints {
  const larger = new Int32Array(Math.max(needed, data.length * 2));
  larger.set(data);
  return larger;
}

/** The same for flags, new ones zero. */
export function grownFlags(data: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(needed, data.length * 2));
  larger.set(data);
  return larger;
}
