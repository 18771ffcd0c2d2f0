import { type SubmitEvent, useState } from 'react';
import { formText } from './form-text.js';

export interface SignInProps {
  onSignIn: (who: { username: string; password: string; isNew: boolean; askCode: () => Promise<string> }) => Promise<void>;
}

export function SignIn({ onSignIn }: SignInProps) {
  const [isNew, setIsNew] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  /** Takes the code that the account asks for; null while it asks for none. */
  const [giveCode, setGiveCode] = useState<((code: string) => void) | null>(null);

  const askCode = () => new Promise<string>((resolve) => setGiveCode(() => resolve));

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    setIsBusy(true);
    try {
      await onSignIn({ username: formText(form, 'username'), password: formText(form, 'password'), isNew, askCode });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setGiveCode(null);
      setIsBusy(false);
    }
  }

  if (giveCode !== null) {
    return (
      <main className="narrow">
        <form
          className="card"
          onSubmit={(event) => {
            event.preventDefault();
            giveCode(formText(event.currentTarget, 'code'));
          }}
        >
          <h1>One more step</h1>
          <label>
            Code of your authenticator app, or a recovery code
            <input name="code" autoComplete="one-time-code" required autoFocus />
          </label>
          <button type="submit">Continue</button>
        </form>
      </main>
    );
  }
  return (
    <main className="narrow">
      <form className="card" onSubmit={(event) => void submit(event)}>
        <h1>{isNew ? 'Join Galaxia' : 'Welcome back'}</h1>
        <label>
          Username
          <input name="username" autoComplete="username" required autoFocus />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete={isNew ? 'new-password' : 'current-password'} required minLength={8} />
        </label>
        {problem !== null && <p role="alert">{problem}</p>}
        <button type="submit" disabled={isBusy}>
          {isNew ? 'Create account' : 'Sign in'}
        </button>
        <button type="button" className="quiet" onClick={() => setIsNew(!isNew)}>
          {isNew ? 'I have an account' : 'I am new here'}
        </button>
      </form>
    </main>
  );
}
