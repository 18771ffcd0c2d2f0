export const roles = ['USER', 'MODERATOR', 'ADMIN'] as const;
export type Role = (typeof roles)[number];
