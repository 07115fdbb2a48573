/** Runs one thing after another. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(turn: () => Promise<T>): Promise<T> {
    const result = this.#last.then(turn);
    this.#last = result.catch(() => {}); // its caller is told
    return result;
  }
}
