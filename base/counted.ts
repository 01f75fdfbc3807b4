/** A number with what it counts, as people say it: `1 piece`, `0 pieces`, `2 entries`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
