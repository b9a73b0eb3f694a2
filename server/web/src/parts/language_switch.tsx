import { chooseLanguage, language } from '../text';

/** Each language is named in itself. */
export function LanguageSwitch() {
  return (
    <div class="languages" role="group" aria-label="Language / 语言">
      <button type="button" lang="en" aria-pressed={language.value === 'en'} onClick={() => chooseLanguage('en')}>EN</button>
      <button type="button" lang="zh-CN" aria-pressed={language.value === 'zh'} onClick={() => chooseLanguage('zh')}>简体中文</button>
    </div>
  );
}
