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

  /* data-poll: work in the background; when it is done, the page is asked for again. */
  document.querySelectorAll('[data-poll]').forEach(function (box) {
    var bar = box.querySelector('progress');
    var text = box.querySelector('[data-poll-text]');
    function look() {
      fetch(box.dataset.poll, { headers: { accept: 'application/json' } }).then(function (answer) {
        return answer.ok ? answer.json() : Promise.reject(answer.status);
      }).then(function (now) {
        if (!now.busy) { window.location.reload(); return; }
        if (now.total) { bar.max = now.total; bar.value = Math.min(now.done, now.total); }
        if (now.done) text.textContent = '已处理 ' + now.done + ' 行' + (now.total ? '，共 ' + now.total + ' 行' : '');
        window.setTimeout(look, 600);
      }).catch(function () { window.setTimeout(look, 3000); });
    }
    window.setTimeout(look, 400);
  });

  /* data-drop: a file dropped anywhere in the box is the chosen one. */
  document.querySelectorAll('[data-drop]').forEach(function (box) {
    var input = box.querySelector('input[type=file]');
    ['dragover', 'dragenter'].forEach(function (name) {
      box.addEventListener(name, function (event) { event.preventDefault(); box.classList.add('ol-drop--over'); });
    });
    ['dragleave', 'drop'].forEach(function (name) {
      box.addEventListener(name, function () { box.classList.remove('ol-drop--over'); });
    });
    box.addEventListener('drop', function (event) {
      event.preventDefault();
      if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
    });
  });

  /* data-upload: the same form, sent with a bar that shows how far it is. */
  document.querySelectorAll('form[data-upload]').forEach(function (form) {
    form.addEventListener('submit', function (event) {
      var bar = form.querySelector('progress');
      var button = form.querySelector('button[type=submit]');
      var request = new XMLHttpRequest();
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      bar.hidden = false;
      request.upload.addEventListener('progress', function (now) {
        if (now.lengthComputable) bar.value = 100 * now.loaded / now.total;
      });
      request.addEventListener('load', function () {
        if (request.status < 300 && request.responseURL) { window.location.assign(request.responseURL); return; }
        var page = new DOMParser().parseFromString(request.responseText, 'text/html');
        var main = page.getElementById('main');
        document.getElementById('main').replaceWith(document.importNode(main || page.body, true));
      });
      request.addEventListener('error', function () {
        button.disabled = false;
        bar.hidden = true;
        window.alert('上传没有完成，请检查网络后重试');
      });
      request.open('POST', form.action);
      request.send(new FormData(form));
    });
  });

  /* data-map: pointing at a point of a map brings out what is tied to it. */
  document.querySelectorAll('[data-map]').forEach(function (map) {
    function near(event) {
      var spot = event.target.closest('[data-spot]');
      map.querySelectorAll('.ol-tie--near').forEach(function (tie) { tie.classList.remove('ol-tie--near'); });
      map.classList.toggle('ol-map--near', Boolean(spot));
      if (!spot) return;
      var ends = '[data-from="' + spot.dataset.spot + '"], [data-to="' + spot.dataset.spot + '"]';
      map.querySelectorAll(ends).forEach(function (tie) { tie.classList.add('ol-tie--near'); });
    }
    ['mouseover', 'focusin'].forEach(function (name) { map.addEventListener(name, near); });
    ['mouseleave', 'focusout'].forEach(function (name) { map.addEventListener(name, function () { near({ target: map }); }); });
  });
}());
