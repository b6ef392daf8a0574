/* Improves pages; every page works without it. */
(function () {
  'use strict';

  /* A form is sent once, however often its button is pressed. */
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== 'post') return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = '1';
  });
  window.addEventListener('pageshow', function () {
    document.querySelectorAll('form[data-sent]').forEach(function (form) { delete form.dataset.sent; });
  });

  /* data-confirm: a question before what cannot simply be done again. */
  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-confirm]');
    if (button && !window.confirm(button.dataset.confirm)) event.preventDefault();
  });

  /* "/" leads to the search box. */
  document.addEventListener('keydown', function (event) {
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    var box = document.getElementById('top-search');
    if (event.key === '/' && !typing && box) { event.preventDefault(); box.focus(); }
  });

  /* data-submit-on-change: a choice takes effect at once. */
  document.addEventListener('change', function (event) {
    var form = event.target.form;
    if (event.target.matches('[data-submit-on-change]') && form) form.submit();
  });
}());
