// Storage in IndexedDB.

import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction } from "idb";
import { TABLES, type Device, type Rows, type Storage, type Stream, type Table, type Tables, type Terminal, type Vote } from "./storage.ts";

interface Kept extends DBSchema {
  terminals: { key: string; value: Terminal };
  streams: { key: string; value: Stream };
  votes: { key: [string, number]; value: Vote };
  device: { key: string; value: Device };
}
type Names = ["terminals", "streams", "votes", "device"];
type Running = IDBPTransaction<Kept, Names, "readwrite">;

// Later versions only add: a page of before may run beside one of after for a moment.
const VERSION = 1;

class Within implements Tables {
  constructor(private readonly running: Running) {}

  get<T extends Table>(table: T, key: string | [string, number]): Promise<Rows[T] | undefined> {
    return this.running.objectStore(table as "votes").get(key as [string, number]) as unknown as Promise<Rows[T] | undefined>;
  }
  async put<T extends Table>(table: T, row: Rows[T]): Promise<void> {
    await this.running.objectStore(table as "votes").put(row as Vote);
  }
  async remove(table: Table, key: string | [string, number]): Promise<void> {
    await this.running.objectStore(table as "votes").delete(key as [string, number]);
  }
  all<T extends Table>(table: T): Promise<Rows[T][]> {
    return this.running.objectStore(table as "votes").getAll() as unknown as Promise<Rows[T][]>;
  }
  votes(queue: string, from: number, most: number): Promise<Vote[]> {
    return this.running.objectStore("votes").getAll(IDBKeyRange.bound([queue, from], [queue, Number.MAX_SAFE_INTEGER]), most);
  }
}

export class Indexed implements Storage {
  private db: IDBPDatabase<Kept> | null = null;

  // left is how many databases were left, over all runs.
  constructor(private readonly name: string, private readonly left: { get(): number; set(n: number): void }) {}

  async open(): Promise<void> {
    this.close();
    this.db = await openDB<Kept>(this.left.get() === 0 ? this.name : `${this.name}-${this.left.get()}`, VERSION, {
      upgrade(db) {
        db.createObjectStore("terminals", { keyPath: "key" });
        db.createObjectStore("streams", { keyPath: "stream" });
        db.createObjectStore("votes", { keyPath: ["queue", "seq"] });
        db.createObjectStore("device", { keyPath: "key" });
      },
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
  }

  close(): void {
    try { this.db?.close(); } catch { /* It was gone. */ }
    this.db = null;
  }

  leave(): void {
    this.close();
    this.left.set(this.left.get() + 1);
  }

  read<R>(work: (tables: Tables) => Promise<R>): Promise<R> { return this.run("readonly", work); }
  write<R>(work: (tables: Tables) => Promise<R>): Promise<R> { return this.run("readwrite", work); }

  // run ends when the transaction is complete, and so on the disk: "strict" waits for it.
  private async run<R>(mode: "readonly" | "readwrite", work: (tables: Tables) => Promise<R>): Promise<R> {
    if (!this.db) throw new Error("the storage is not open");
    const running = this.db.transaction([...TABLES] as Names, mode, { durability: "strict" }) as unknown as Running;
    const done = running.done;
    done.catch(() => {}); // Heard of below.
    let result: R;
    try {
      result = await work(new Within(running));
    } catch (reason) {
      try { running.abort(); } catch { /* It has ended by itself. */ }
      throw reason;
    }
    await done;
    return result;
  }
}
