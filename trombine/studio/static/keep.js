// What a page has in hand, over a reload: its pictures and, on Repair, their mask. In this browser alone,
// and for each tab by itself.

const TAB = (sessionStorage.tab ??= String(Math.random()));
const KEY = `${TAB} ${location.pathname}`;
const [MOST, MOST_BYTES, DAYS] = [24, 2 ** 29, 7]; // of what is kept of all tabs; older ones go
const PATIENCE = 5000; // milliseconds that a page waits for it: without it the page works as well

const opening = () =>
  new Promise((resolve, reject) => {
    const asked = indexedDB.open("trombine", 2);
    asked.onupgradeneeded = () => {
      const base = asked.result;
      if (base.objectStoreNames.contains("work")) base.deleteObjectStore("work"); // which had one for all tabs
      base.createObjectStore("work").createIndex("size", ["when", "bytes"]);
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

const held = (mode, act) => Promise.race([transact(mode, act), new Promise((end) => setTimeout(end, PATIENCE))]);

async function transact(mode, act) {
  const base = await opening();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = base.transaction("work", mode);
      const asked = act(transaction.objectStore("work"));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    base.close();
  }
}

/** Delete what is old, and the oldest of what is too much. Tabs that were closed do not say so. */
function prune(store) {
  let [count, bytes] = [0, 0];
  store.index("size").openKeyCursor(null, "prev").onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor) return;
    const [when, size] = cursor.key;
    [count, bytes] = [count + 1, bytes + size];
    const isOld = when < Date.now() - DAYS * 24 * 3600 * 1000;
    if (count > 1 && (isOld || count > MOST || bytes > MOST_BYTES)) store.delete(cursor.primaryKey);
    cursor.continue();
  };
}

/** Keep the work of this page: its `file`, `others` that were given with it, the name of the `example`
 * that it is or "", and on Repair `marks`, a byte a pixel, and more. Where a browser will not, nothing
 * is kept. */
export async function keep(work) {
  const files = [work.file, ...(work.others ?? [])];
  const bytes = files.reduce((sum, { size }) => sum + size, work.marks?.length ?? 0);
  await held("readwrite", (store) => {
    const asked = store.put({ ...work, when: Date.now(), bytes }, KEY);
    prune(store);
    return asked;
  }).catch(() => {});
}

/** What this page of this tab kept last, or null. */
export const kept = async () => (await held("readonly", (store) => store.get(KEY)).catch(() => null)) ?? null;
