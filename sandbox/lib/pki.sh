# Makes certificates and kubeconfigs: one authority, a certificate for each part, and a kubeconfig for each part that talks to
# the API server. They are made once in the life of a sandbox. This file must not start anything.

# create_pki: makes all certificates or none, so that an interrupt cannot leave a key without its certificate.
create_pki() {
  [[ -d $STATE/etc/pki ]] && return 0
  say "making certificates"
  local pki=$STATE/etc/pki.new
  rm -rf "$pki"
  install -d -m 0700 "$pki"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$SANDBOX" \
    -addext keyUsage=critical,keyCertSign,digitalSignature -keyout "$pki/ca.key" -out "$pki/ca.crt" 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out "$pki/service-account.key"
  openssl ec -in "$pki/service-account.key" -pubout -out "$pki/service-account.pub" 2>/dev/null

  issue "$pki" apiserver-serving "/CN=kube-apiserver" serverAuth \
    "IP:$NODE_IP,IP:127.0.0.1,IP:$KUBERNETES_SERVICE_IP,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
  issue "$pki" kubelet-serving "/CN=system:node:$SANDBOX" serverAuth "IP:$NODE_IP,DNS:$SANDBOX"
  issue "$pki" apiserver-kubelet-client "/O=system:masters/CN=kube-apiserver-kubelet-client" clientAuth
  issue "$pki" admin "/O=system:masters/CN=$SANDBOX" clientAuth
  issue "$pki" kubelet "/O=system:nodes/CN=system:node:$SANDBOX" clientAuth
  issue "$pki" controller-manager "/CN=system:kube-controller-manager" clientAuth
  issue "$pki" scheduler "/CN=system:kube-scheduler" clientAuth
  issue "$pki" proxy "/CN=system:kube-proxy" clientAuth
  issue "$pki" dns "/CN=system:coredns" clientAuth
  mv -T "$pki" "$STATE/etc/pki"
}

# issue DIR NAME SUBJECT USAGE [SAN]: makes DIR/NAME.key and DIR/NAME.crt, signed by DIR/ca.
issue() {
  local dir=$1 name=$2 subject=$3 usage=$4 san=${5:-}
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" \
    -keyout "$dir/$name.key" -out "$dir/$name.csr" 2>/dev/null
  openssl x509 -req -in "$dir/$name.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -days 3650 -out "$dir/$name.crt" \
    -extfile <(printf 'extendedKeyUsage=%s\n%s' "$usage" "${san:+subjectAltName=$san}") 2>/dev/null
  rm "$dir/$name.csr"
}

# create_kubeconfigs: makes the parts' kubeconfigs and the user's at STATE/kubeconfig. It never reads or writes ~/.kube/config.
create_kubeconfigs() {
  local part
  for part in controller-manager scheduler kubelet proxy dns; do
    kubeconfig_for "$part" | write_file "$STATE/etc/$part.kubeconfig"
  done
  kubeconfig_for admin | write_file "$STATE/etc/kubeconfig"
  # Only the user who called sudo may use the cluster.
  chmod 0600 "$STATE/etc/kubeconfig"
  chown "${SUDO_UID:-0}:${SUDO_GID:-0}" "$STATE/etc/kubeconfig"
  mv "$STATE/etc/kubeconfig" "$STATE/kubeconfig"
}

# kubeconfig_for NAME: prints a kubeconfig with the certificate NAME. Its cluster, user and context are appdev-sandbox.
kubeconfig_for() {
  local pki=$STATE/etc/pki
  cat <<END
apiVersion: v1
kind: Config
current-context: $SANDBOX
clusters:
  - name: $SANDBOX
    cluster:
      server: https://$NODE_IP:$APISERVER_PORT
      certificate-authority-data: $(base64 -w0 "$pki/ca.crt")
users:
  - name: $SANDBOX
    user:
      client-certificate-data: $(base64 -w0 "$pki/$1.crt")
      client-key-data: $(base64 -w0 "$pki/$1.key")
contexts:
  - name: $SANDBOX
    context:
      cluster: $SANDBOX
      user: $SANDBOX
END
}
