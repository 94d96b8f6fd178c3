import { mount } from 'svelte';

import App from './App.svelte';
import { armQuickExit } from './exit.svelte';
import './styles/base.css';

armQuickExit();
mount(App, { target: document.getElementById('app')! });
