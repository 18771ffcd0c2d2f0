/** A document as it stands in the body of a request. */
export interface FetchDocument {
  /** All of the body but the variables and its last brace. */
  readonly bodyStart: string;
  /** Whether asking twice is as good as asking once. */
  readonly isQuery: boolean;
}

/** Documents of query plans, which are as many as clients' operations. */
const capacity = 2_000;

/** Writes each document as JSON once. */
export function createFetchDocuments(): (query: string, operationName: string | undefined) => FetchDocument {
  const documents = new Map<string, FetchDocument>();
  return (query, operationName) => {
    const known = documents.get(query);
    if (known !== undefined) return known;
    const bodyStart = `${JSON.stringify({ query, operationName }).slice(0, -1)},"variables":`;
    const document = { bodyStart, isQuery: isQueryText(query) };
    if (documents.size >= capacity) documents.delete(documents.keys().next().value ?? '');
    documents.set(query, document);
    return document;
  };
}

/** The planner begins with the operation, and gives no more than one. What begins otherwise counts as a mutation. */
export function isQueryText(query: string): boolean {
  return /^\s*(\{|query\b)/.test(query);
}
