// The picture and its mask over a reload of this tab: in this browser alone, one for all its tabs.

const TAB = (sessionStorage.tab ??= String(Math.random()));

const opening = () =>
  new Promise((resolve, reject) => {
    const asked = indexedDB.open("trombine", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("work");
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

async function held(mode, act) {
  const base = await opening();
  try {
    return await new Promise((resolve, reject) => {
      const asked = act(base.transaction("work", mode).objectStore("work"));
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  } finally {
    base.close();
  }
}

/** Keep a file, the example's name that it is of or "", a byte for each of its pixels, and landmarks;
 * where a browser will not, nothing is kept. */
export async function keep(file, example, marks, points) {
  await held("readwrite", (store) => store.put({ tab: TAB, file, example, marks, points }, "work")).catch(() => {});
}

/** What this tab kept last, or null. */
export async function kept() {
  const work = await held("readonly", (store) => store.get("work")).catch(() => null);
  return work?.tab === TAB ? work : null;
}
