const prefix = 'galaxia:';

/** GraphiQL's memory under names of our own: other servers' pages come and go on the same `localhost:4000`. */
export const tabStorage = {
  getItem: (key: string) => localStorage.getItem(prefix + key),
  setItem: (key: string, value: string) => localStorage.setItem(prefix + key, value),
  removeItem: (key: string) => localStorage.removeItem(prefix + key),
  clear() {
    for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key);
  },
  get length() {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix)).length;
  },
};

/** Whether there are tabs from an earlier visit. */
export function hasTabs(): boolean {
  return tabStorage.getItem('graphiql:tabState') !== null;
}

/** What the editors begin with on a first visit: GraphiQL takes the variables from here only, never from its first tab. */
export function beginWith({ query, variables }: { query: string; variables: string }): void {
  tabStorage.setItem('graphiql:query', query);
  tabStorage.setItem('graphiql:variables', variables);
}
