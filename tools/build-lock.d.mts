export function lockBuild(file: string, onWait: (pid: number) => void): Promise<() => void>;
