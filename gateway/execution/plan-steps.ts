import type { FetchNode, PlanNode } from '@apollo/query-planner';
import { compileEntityFetch } from './entity-fetch.js';
import type { Step, StepParts } from './fetch-parts.js';
import type { PlacePath } from './places.js';
import { compileFetchBelow, compileRootFetch } from './root-fetch.js';

/** `path`: where in the data the node is about. */
export function compileStep(node: PlanNode, path: PlacePath, parts: StepParts): Step {
  switch (node.kind) {
    case 'Fetch': {
      const step = compileFetch(node, path, parts);
      if (node.id === undefined || parts.onCompiled === undefined) return step;
      parts.onCompiled(node.id);
      return telling(step, node.id);
    }
    case 'Flatten':
      return compileStep(node.node, [...path, ...node.path.map(String)], parts);
    case 'Sequence':
      return sequence(node.nodes.map((child) => compileStep(child, path, parts)));
    case 'Parallel':
      return parallel(node.nodes.map((child) => compileStep(child, path, parts)));
    case 'Condition': {
      const whenTrue = node.ifClause === undefined ? undefined : compileStep(node.ifClause, path, parts);
      const whenFalse = node.elseClause === undefined ? undefined : compileStep(node.elseClause, path, parts);
      return (state) => (parts.isTrue(state.variables, node.condition) ? whenTrue?.(state) : whenFalse?.(state));
    }
    case 'Defer':
      throw new Error('The planner gave a plan with @defer, which is not offered');
  }
}

function compileFetch(node: FetchNode, path: PlacePath, parts: StepParts): Step {
  if (node.requires !== undefined) return compileEntityFetch(node, node.requires, path, parts);
  return path.length === 0 ? compileRootFetch(node, parts) : compileFetchBelow(node, path, parts);
}

function telling(step: Step, id: string): Step {
  return async (state) => {
    const running = step(state);
    if (running !== undefined) await running;
    state.onFetched?.(id);
  };
}

function sequence(steps: readonly Step[]): Step {
  const [only] = steps;
  if (only !== undefined && steps.length === 1) return only;
  return async (state) => {
    for (const step of steps) {
      const running = step(state);
      if (running !== undefined) await running;
    }
  };
}

function parallel(steps: readonly Step[]): Step {
  return (state) => {
    const running: Promise<void>[] = [];
    for (const step of steps) {
      const each = step(state);
      if (each !== undefined) running.push(each);
    }
    if (running.length < 2) return running[0];
    return Promise.all(running).then(() => undefined);
  };
}
