/** The door. */

import { useState } from 'preact/hooks';
import { errorText, logIn } from '../api';
import { Problem, TextField } from '../parts/form';
import { LanguageSwitch } from '../parts/language_switch';
import { t } from '../text';

export function Login({ ended }: { ended: boolean }) {
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    logIn(login.trim(), password)
      .catch((failure: unknown) => {
        setError(errorText(failure));
        setPassword('');
      })
      .finally(() => setBusy(false));
  };

  return (
    <div class="door">
      <main>
        <div class="door-head">
          <img src="icon.svg" alt="" width="44" height="44" />
          <div>
            <h1>{t('title')}</h1>
            <p class="quiet">{t('login.subtitle')}</p>
          </div>
        </div>
        <form class="card form" onSubmit={submit}>
          {ended && error === null && <Problem>{t('login.ended')}</Problem>}
          {error !== null && <Problem>{error}</Problem>}
          <TextField name="login" label={t('login.login')} value={login} onValue={setLogin} autocomplete="username" />
          <TextField
            name="password" type="password" label={t('login.password')} value={password} onValue={setPassword}
            autocomplete="current-password"
          />
          <button type="submit" class="button primary wide" disabled={busy || login.trim() === '' || password === ''}>
            {busy ? t('login.busy') : t('login.submit')}
          </button>
        </form>
        <LanguageSwitch />
      </main>
    </div>
  );
}
