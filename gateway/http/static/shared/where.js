// Where the phone is, so that a sticker scanned elsewhere is noticed; nothing if it does not say so soon.
export function here() {
  return new Promise((resolve) => {
    const unknown = () => resolve({});
    setTimeout(unknown, 8000); // the browser's own timeout does not count while it asks for permission
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude }),
      unknown,
      { enableHighAccuracy: true, maximumAge: 30000, timeout: 8000 },
    );
  });
}
