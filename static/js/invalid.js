// A form that came back in error: the first field in question has the focus
{
  const wrong = $('[aria-invalid="true"]');
  if (wrong && !document.activeElement?.matches('[aria-invalid="true"]') && wrong.checkVisibility()) wrong.focus();
}
