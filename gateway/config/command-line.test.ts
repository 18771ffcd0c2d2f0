import { describe, expect, it } from '@jest/globals';
import { readCommandLine } from './command-line.js';

describe('The command line of the gateway', () => {
  it('is refused with all that is wrong with it', () => {
    const args = ['theirs.graphql', '--prot', '1', '--check=yes', '--config=', '--host'];
    expect(readCommandLine(args)).toEqual({
      kind: 'misused',
      problems: [
        '"theirs.graphql" is no option; a supergraph is named by --supergraph theirs.graphql',
        'there is no option --prot; did you mean --port?',
        '"1" is no option; a supergraph is named by --supergraph 1',
        '--check takes no value',
        '--config needs a value',
        '--host needs a value',
      ],
    });
    expect(readCommandLine(['--port', '1', '--port', '2'])).toMatchObject({ kind: 'misused' });
  });

  it('asks for help before anything else, also beside mistakes', () => {
    expect(readCommandLine(['--nonsense', '--help'])).toEqual({ kind: 'help' });
    expect(readCommandLine(['-h'])).toEqual({ kind: 'help' });
    expect(readCommandLine(['--version'])).toEqual({ kind: 'version' });
  });

  it('says where the supergraph is and where to listen', () => {
    const args = ['--supergraph', 'theirs.graphql', '--port=4100', '--host', '0.0.0.0', '--config', 'c.yaml', '--check'];
    expect(readCommandLine(args)).toEqual({
      kind: 'check',
      flags: { config: 'c.yaml', variables: { SUPERGRAPH_PATH: 'theirs.graphql', PORT: '4100', HOST: '0.0.0.0' } },
    });
    expect(readCommandLine([])).toEqual({ kind: 'serve', flags: { config: undefined, variables: {} } });
  });
});
