/**
 * What a client keeps in this browser, under names: values that can be cloned,
 * private keys included. Where the browser keeps nothing (it has no IndexedDB,
 * or refuses), they last as long as the page.
 */
export interface Shelf<T> {
  get(name: string): Promise<T | undefined>;
  /**
   * Puts what `how` makes of the value that is there, and returns it; nothing
   * takes it away. Of two tabs that do so at once, one comes after the other.
   */
  change(name: string, how: (there: T | undefined) => T | undefined): Promise<T | undefined>;
  /** Whether the browser keeps it. */
  lasting(): Promise<boolean>;
}

const table = 'values';

/** Opens a shelf. `name` is that of its database, and of nothing else in this origin. */
export function openShelf<T>(name: string): Shelf<T> {
  const page = new Map<string, T>();
  let opened: Promise<IDBDatabase | undefined> | undefined;
  const database = () => (opened ??= open(name).catch(() => undefined));

  /** Does something with the table, or with the page's own values instead. */
  async function use(
    mode: IDBTransactionMode,
    kept: (values: IDBObjectStore, done: (value: T | undefined) => void) => void,
    otherwise: () => T | undefined,
  ): Promise<T | undefined> {
    const there = await database();
    if (!there) return otherwise();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = there.transaction(table, mode, { durability: 'strict' });
        let result: T | undefined;
        transaction.oncomplete = () => resolve(result);
        transaction.onabort = () => reject(transaction.error);
        kept(transaction.objectStore(table), (value) => {
          result = value;
        });
      });
    } catch {
      opened = Promise.resolve(undefined);
      return otherwise();
    }
  }

  return {
    get: (key) =>
      use(
        'readonly',
        (values, done) => {
          const asked = values.get(key);
          asked.onsuccess = () => done(asked.result);
        },
        () => page.get(key),
      ),
    change: (key, how) =>
      use(
        'readwrite',
        (values, done) => {
          const asked = values.get(key);
          asked.onsuccess = () => {
            const value = how(asked.result);
            if (value === undefined) values.delete(key);
            else if (value !== asked.result) values.put(value, key);
            done(value);
          };
        },
        () => {
          const value = how(page.get(key));
          if (value === undefined) page.delete(key);
          else page.set(key, value);
          return value;
        },
      ),
    lasting: async () => (await database()) !== undefined,
  };
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(table);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new Error('blocked')); // there is one version: nobody blocks
  });
}
