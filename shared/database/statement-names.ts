/** Statements that each connection keeps parsed and planned. Ours are fewer; only lists of other lengths make others. */
export const preparedStatements = 500;

/**
 * A name for each statement, by which Postgres keeps it parsed and planned: planning takes it longer than to run a statement that finds a row
 * by its key. Those beyond the limit have none, and are planned each time.
 */
export function createStatementNames(): (query: { readonly sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    if (names.size >= preparedStatements) return '';
    const name = `galaxia_${String(names.size)}`;
    names.set(sql, name);
    return name;
  };
}
