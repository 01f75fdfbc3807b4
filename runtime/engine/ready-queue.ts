/** Tasks that may start: the highest priority first, among equals the one that was ready first. */
export class ReadyQueue<T extends { readonly priority: number }> {
  readonly #byPriority = new Map<number, { tasks: T[]; next: number }>();
  size = 0;

  push(task: T): void {
    const queue = this.#byPriority.get(task.priority);
    if (queue === undefined) this.#byPriority.set(task.priority, { tasks: [task], next: 0 });
    else queue.tasks.push(task);
    this.size += 1;
  }

  /** There must be one. */
  take(): T {
    const priority = Math.max(...this.#byPriority.keys());
    const queue = this.#byPriority.get(priority)!;
    const task = queue.tasks[queue.next]!;
    queue.next += 1;
    if (queue.next === queue.tasks.length) this.#byPriority.delete(priority);
    this.size -= 1;
    return task;
  }
}
