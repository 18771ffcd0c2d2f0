/** Who runs queries and mutations: the gateway's own executor, or that of `@apollo/gateway`, to compare with. Subscriptions are always ours. */
export const executorNames = ['galaxia', 'apollo'] as const;
export type ExecutorName = (typeof executorNames)[number];
