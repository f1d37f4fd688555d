// Events and those who listen to them.

/** @template {Record<string, any>} Events */
export class Emitter {
  /** @type {Map<keyof Events, Set<{listener: (event: any) => void}>>} */
  #listeners = new Map();

  /**
   * Calls `listener` at each such event, until the function that this returns is called. One that throws disturbs neither the
   * others nor the connection; its error goes where the platform reports uncaught ones.
   * @template {keyof Events} K
   * @param {K} name
   * @param {(event: Events[K]) => void} listener
   * @returns {() => void} Removes this listener.
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    const entry = { listener };                          // one for each call: two parts of a page may share a function
    this.#listeners.set(name, listeners.add(entry));
    this.listened(true);
    return () => {
      if (listeners.delete(entry) && listeners.size === 0) this.#listeners.delete(name);
      this.listened(false);
    };
  }

  /** @internal */
  get hasListeners() { return this.#listeners.size > 0; }

  /** @internal Called when listeners come and go. @param {boolean} _came */
  listened(_came) {}

  /** @internal @template {keyof Events} K @param {K} name @param {Events[K]} event */
  emit(name, event) {
    for (const { listener } of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => { throw error; });
      }
    }
  }
}
