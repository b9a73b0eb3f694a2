import { render } from 'preact';
import { App } from './app';
import './style/base.css';
import './style/forms.css';
import './style/lists.css';
import './style/order.css';
import './style/shell.css';

const root = document.getElementById('page');
if (root !== null) render(<App />, root);
