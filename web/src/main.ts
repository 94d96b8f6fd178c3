import { mount } from 'svelte';

import App from './App.svelte';
import { armQuickExit } from './exit.svelte';
import '../open/base.css';

armQuickExit();
mount(App, { target: document.getElementById('app')! });
