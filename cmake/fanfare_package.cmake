# The Debian package, by CPack: scripts/build release fanfare && cpack --config build/release/CPackConfig.cmake.
#
# The binary, its unit, a configuration and what is worth reading. Libraries are found by dpkg-shlibdeps.
install(TARGETS fanfare RUNTIME DESTINATION /usr/bin)
install(FILES deploy/systemd/fanfare.service deploy/systemd/fanfare.socket DESTINATION /usr/lib/systemd/system)
install(FILES deploy/systemd/fanfare.sysusers DESTINATION /usr/lib/sysusers.d RENAME fanfare.conf)
install(FILES deploy/systemd/fanfare.toml DESTINATION /etc/fanfare)
install(FILES deploy/systemd/sysctl.conf DESTINATION /usr/share/doc/fanfare/examples)
install(FILES deploy/proxies/nginx.conf deploy/proxies/haproxy.cfg deploy/proxies/haproxy-tcp.cfg
  deploy/proxies/Caddyfile deploy/proxies/apache.conf deploy/proxies/apache-away.asis deploy/proxies/varnish.vcl
  deploy/proxies/nghttpx.conf deploy/proxies/hitch.conf DESTINATION /usr/share/doc/fanfare/examples)
install(FILES deploy/package/copyright DESTINATION /usr/share/doc/fanfare)
foreach(document CONFIGURATION OPERATIONS PROTOCOL)
  if(EXISTS ${PROJECT_SOURCE_DIR}/docs/${document}.md)
    install(FILES docs/${document}.md DESTINATION /usr/share/doc/fanfare)
  endif()
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fanfare)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Fanfare authors <fanfare@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "broker that fans events out to Server-Sent Events streams")
set(CPACK_PACKAGE_DESCRIPTION
  "Fanfare takes an event once and hands it to every stream that asked for it:
publishers speak HTTP or a Unix socket, readers EventSource, NDJSON or curl.
One process serves tens of thousands of open streams.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nginx | haproxy")
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE OFF)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/deploy/package/postinst
  ${PROJECT_SOURCE_DIR}/deploy/package/prerm ${PROJECT_SOURCE_DIR}/deploy/package/postrm
  ${PROJECT_SOURCE_DIR}/deploy/package/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
